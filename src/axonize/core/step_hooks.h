/* What stands in for two functions of vLLM's scheduler, as axonize.step_log has them: it calls the
   original and tells the StepLog. */

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *original;
    PyObject *find_log; /* called with a scheduler, returns its StepLog */
    PyObject *dict;     /* for functools.wraps */
} Hook;

static PyTypeObject Hook_Type;

/* Call a method of the scheduler's log with arguments, of which the first place is the log's. */
static int
tell_log(Hook *self, PyObject *scheduler, PyObject *method, PyObject **args, size_t count)
{
    PyObject *log = attribute_or(scheduler, vllm._axonize_recorder, Py_None);
    if (log == Py_None)
        Py_SETREF(log, PyObject_CallOneArg(self->find_log, scheduler));
    args[0] = log;
    PyObject *done = log ? PyObject_VectorcallMethod(method, args, count, NULL) : NULL;
    Py_XDECREF(log);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static int
tell_scheduled(Hook *self, PyObject *scheduler, PyObject *output, PyObject *start_ns,
               PyObject *began)
{
    PyObject *tokens = PyObject_GetAttr(output, vllm.total_num_scheduled_tokens);
    int some = tokens ? PyObject_IsTrue(tokens) : -1;
    Py_XDECREF(tokens);
    if (some <= 0)
        return some;
    PyObject *args[] = {NULL, scheduler, output, start_ns, began};
    return tell_log(self, scheduler, hook.scheduled, args, 5);
}

static PyObject *
call_schedule(PyObject *object, PyObject *const *args, size_t flags, PyObject *keywords)
{
    Hook *self = (Hook *)object;
    if (!PyVectorcall_NARGS(flags)) /* no scheduler: whatever comes of it is not ours */
        return PyObject_Vectorcall(self->original, args, flags, keywords);
    PyObject *start_ns = PyObject_CallNoArgs(host.time_ns);
    PyObject *began = start_ns ? PyObject_CallNoArgs(host.monotonic_ns) : NULL;
    PyObject *output = began ? PyObject_Vectorcall(self->original, args, flags, keywords) : NULL;
    if (output && tell_scheduled(self, args[0], output, start_ns, began) < 0 && guard() < 0)
        Py_CLEAR(output);
    Py_XDECREF(began);
    Py_XDECREF(start_ns);
    return output;
}

static Signature update_signature = {
    "update_from_output", 3, 3, 3, {"self", "scheduler_output", "model_runner_output"}, {NULL}};

static int
tell_ended(Hook *self, PyObject *const *args, size_t flags, PyObject *keywords, PyObject *results)
{
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    if (bind(&update_signature, args, PyVectorcall_NARGS(flags), keywords, bound) < 0)
        return -1;
    PyObject *told[] = {NULL, bound[1], bound[2], results};
    return tell_log(self, bound[0], hook.ended, told, 4);
}

static PyObject *
call_update(PyObject *object, PyObject *const *args, size_t flags, PyObject *keywords)
{
    Hook *self = (Hook *)object;
    PyObject *results = PyObject_Vectorcall(self->original, args, flags, keywords);
    if (results && tell_ended(self, args, flags, keywords, results) < 0 && guard() < 0)
        Py_CLEAR(results);
    return results;
}

/* --- the type: called, it binds as a function does --- */

static PyObject *
hook_get(PyObject *self, PyObject *instance, PyObject *Py_UNUSED(owner))
{
    return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

static int
hook_traverse(PyObject *object, visitproc visit, void *arg)
{
    Hook *self = (Hook *)object;
    Py_VISIT(self->original);
    Py_VISIT(self->find_log);
    Py_VISIT(self->dict);
    return 0;
}

static int
hook_clear(PyObject *object)
{
    Hook *self = (Hook *)object;
    Py_CLEAR(self->original);
    Py_CLEAR(self->find_log);
    Py_CLEAR(self->dict);
    return 0;
}

static void
hook_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    hook_clear(self);
    Py_TYPE(self)->tp_free(self);
}

static PyGetSetDef hook_properties[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject Hook_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "axonize._core.Hook",
    .tp_basicsize = sizeof(Hook),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                Py_TPFLAGS_METHOD_DESCRIPTOR,
    .tp_vectorcall_offset = offsetof(Hook, call),
    .tp_call = PyVectorcall_Call,
    .tp_descr_get = hook_get,
    .tp_dictoffset = offsetof(Hook, dict),
    .tp_getset = hook_properties,
    .tp_dealloc = hook_dealloc,
    .tp_free = PyObject_GC_Del,
    .tp_traverse = hook_traverse,
    .tp_clear = hook_clear,
};

static PyObject *
make_hook(vectorcallfunc call, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "expected the original and what finds a log");
    Hook *self = (Hook *)PyType_GenericAlloc(&Hook_Type, 0);
    if (!self)
        return NULL;
    self->call = call;
    self->original = Py_NewRef(args[0]);
    self->find_log = Py_NewRef(args[1]);
    return (PyObject *)self;
}

static PyObject *
core_follow_schedule(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    return make_hook(call_schedule, args, count);
}

static PyObject *
core_follow_update(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    return make_hook(call_update, args, count);
}
