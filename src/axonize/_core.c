/* The hot classes in C: Span, RingBuffer, the OTLP encoder and StepLog.

   They behave as axonize.spans, axonize.buffer, axonize.otlp and axonize.step_log do, which say what is promised; one
   test suite runs on both. Errors of this code never reach the host: see guard() in core/host.h. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "core/host.h"
#include "core/source.h"
#include "core/ring.h"
#include "core/pipeline.h"
#include "core/attributes.h"
#include "core/span.h"
#include "core/recording.h"
#include "core/otlp.h"
#include "core/step_log.h"
#include "core/step_hooks.h"

static PyObject *
core_reseed(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    if (reseed_ids() < 0)
        return NULL;
    Py_RETURN_NONE;
}

static Signature test_source_signature = {
    "set_test_source", 2, 2, 2, {"clock", "next_id"}, {NULL}};

static PyObject *
core_set_test_source(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count,
                     PyObject *keywords)
{
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    if (bind(&test_source_signature, args, count, keywords, bound) < 0)
        return NULL;
    replace(&test_source.clock, given(bound[0]));
    replace(&test_source.next_id, given(bound[1]));
    Py_RETURN_NONE;
}

static PyObject *
core_set_root_parent(PyObject *Py_UNUSED(module), PyObject *find)
{
    replace(&root_parent, given(find));
    Py_RETURN_NONE;
}

static PyMethodDef core_functions[] = {
    {"configure", FAST(core_configure), FAST_KEYWORDS, "Say where ended spans go."},
    {"encode_spans", core_encode_spans, METH_O,
     "Encode each span as one ScopeSpans.spans field of OTLP."},
    {"follow_schedule", FAST(core_follow_schedule), METH_FASTCALL,
     "Return what stands in for Scheduler.schedule."},
    {"follow_update", FAST(core_follow_update), METH_FASTCALL,
     "Return what stands in for Scheduler.update_from_output."},
    {"reseed", core_reseed, METH_NOARGS, "Draw new keys for the ids, after a fork."},
    {"set_root_parent", core_set_root_parent, METH_O,
     "Ask this function for the parent of a span that has none."},
    {"set_test_source", FAST(core_set_test_source), FAST_KEYWORDS,
     "Take times and ids from these functions; None restores the real ones."},
    {NULL, NULL, 0, NULL},
};

static int
intern_signatures(void)
{
    Signature *signatures[] = {&span_signature,  &end_signature,    &attribute_signature,
                               &event_signature, &link_signature,   &status_signature,
                               &configure_signature, &test_source_signature,
                               &scheduled_signature, &ended_signature, &update_signature};
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        if (intern_names(signatures[i]) < 0)
            return -1;
    }
    return 0;
}

static int
core_exec(PyObject *module)
{
    static int loaded; /* the state is one per process, not one per interpreter */
    if (loaded) {
        PyErr_SetString(PyExc_ImportError, "axonize._core is already loaded in this process");
        return -1;
    }
    if (import_host() < 0 || intern_signatures() < 0 || intern_step_log() < 0 ||
        reseed_ids() < 0 || PyModule_AddType(module, &RingBuffer_Type) < 0 ||
        PyModule_AddType(module, &Span_Type) < 0 || PyModule_AddType(module, &StepLog_Type) < 0 ||
        PyType_Ready(&Hook_Type) < 0)
        return -1;
    loaded = 1;
    return 0;
}

static PyModuleDef_Slot core_slots[] = {
    {Py_mod_exec, core_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "axonize._core",
    .m_doc = "The hot classes in C.",
    .m_methods = core_functions,
    .m_slots = core_slots,
};

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&core_module);
}
