/* What the core needs from Python: the guard, the rare paths, and how arguments are bound. */

#if PY_VERSION_HEX < 0x030D0000 /* critical sections do nothing where there is a GIL */
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

#if defined(__GNUC__)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#else
#define UNLIKELY(condition) (condition)
#endif

static struct {
    PyObject *current_span;         /* axonize.spans.current_span, the ContextVar */
    PyObject *missing;              /* contextvars.Token.MISSING */
    PyObject *log_internal_error;   /* axonize.guard */
    PyObject *plain_value;          /* axonize.values */
    PyObject *plain_text;
    PyObject *plain_attributes;
    PyObject *checked_context;      /* axonize.context */
    PyObject *KEPT;
    PyObject *record_exception;     /* axonize.recording */
    PyObject *record_failure;
    PyObject *set_gpus;
    PyObject *time_ns;              /* time: the clocks of those who compare with them */
    PyObject *monotonic_ns;
} host;

static struct {
    PyObject *empty, *end, *ended, *old_value;
    PyObject *trace_id, *span_id, *trace_state, *trace_flags;
} text;

static PyObject *
imported(const char *module_name, const char *name)
{
    PyObject *module = PyImport_ImportModule(module_name);
    PyObject *object = module ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(module);
    return object;
}

static int
import_host(void)
{
#define IMPORT(module, name) if (!(host.name = imported(module, #name))) return -1
    IMPORT("axonize.guard", log_internal_error);
    IMPORT("axonize.values", plain_value);
    IMPORT("axonize.values", plain_text);
    IMPORT("axonize.values", plain_attributes);
    IMPORT("axonize.spans", current_span);
    IMPORT("axonize.context", checked_context);
    IMPORT("axonize.context", KEPT);
    IMPORT("axonize.recording", record_exception);
    IMPORT("axonize.recording", record_failure);
    IMPORT("axonize.recording", set_gpus);
    IMPORT("time", time_ns);
    IMPORT("time", monotonic_ns);
#undef IMPORT
    PyObject *token_type = imported("contextvars", "Token");
    host.missing = token_type ? PyObject_GetAttrString(token_type, "MISSING") : NULL;
    Py_XDECREF(token_type);
    if (!host.missing)
        return -1;
#define INTERN(name) if (!(text.name = PyUnicode_InternFromString(#name))) return -1
    INTERN(end); INTERN(ended); INTERN(old_value);
    INTERN(trace_id); INTERN(span_id); INTERN(trace_state); INTERN(trace_flags);
#undef INTERN
    return (text.empty = PyUnicode_FromStringAndSize(NULL, 0)) ? 0 : -1;
}

static PyObject *
take_exception(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    if (traceback)
        PyException_SetTraceback(error, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return error;
#endif
}

/* Keep the pending exception from the host, as axonize.guard does; -1 when it must go on. */
static int
guard(void)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception))
        return -1;
    PyObject *error = take_exception();
    PyObject *done = PyObject_CallOneArg(host.log_internal_error, error);
    Py_DECREF(error);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* End a method that keeps its own failure (status < 0) from the host. */
static PyObject *
guarded_none(int status)
{
    if (UNLIKELY(status < 0) && guard() < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* --- arguments --- */

#define MOST_ARGUMENTS 5

typedef struct {
    const char *function;
    int required, positional, total;
    const char *names[MOST_ARGUMENTS];
    PyObject *interned[MOST_ARGUMENTS];
} Signature;

static int
intern_names(Signature *signature)
{
    for (int i = 0; i < signature->total; i++) {
        signature->interned[i] = PyUnicode_InternFromString(signature->names[i]);
        if (!signature->interned[i])
            return -1;
    }
    return 0;
}

static int
bind_keyword(const Signature *signature, PyObject *name, PyObject *value, PyObject **bound)
{
    for (int i = 0; i < signature->total; i++) {
        if (signature->interned[i] != name && PyUnicode_Compare(signature->interned[i], name) != 0)
            continue;
        if (bound[i]) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'",
                         signature->function, name);
            return -1;
        }
        bound[i] = value;
        return 0;
    }
    PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'",
                 signature->function, name);
    return -1;
}

static int
bind_positional(const Signature *signature, PyObject *const *args, Py_ssize_t count,
                PyObject **bound)
{
    if (count > signature->positional) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %d positional arguments but %zd were given",
                     signature->function, signature->positional, count);
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        bound[i] = args[i];
    return 0;
}

static int
check_required(const Signature *signature, PyObject **bound)
{
    for (int i = 0; i < signature->required; i++) {
        if (!bound[i]) {
            PyErr_Format(PyExc_TypeError, "%s() missing required argument: '%s'",
                         signature->function, signature->names[i]);
            return -1;
        }
    }
    return 0;
}

/* Bind the arguments of a vectorcall; bound must be zeroed and holds borrowed references. */
static int
bind(const Signature *signature, PyObject *const *args, Py_ssize_t count, PyObject *keywords,
     PyObject **bound)
{
    if (bind_positional(signature, args, count, bound) < 0)
        return -1;
    Py_ssize_t keyword_count = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    for (Py_ssize_t i = 0; i < keyword_count; i++) {
        if (bind_keyword(signature, PyTuple_GET_ITEM(keywords, i), args[count + i], bound) < 0)
            return -1;
    }
    return check_required(signature, bound);
}

/* Return the argument, or NULL when it was left out or is None. */
static inline PyObject *
given(PyObject *argument)
{
    return argument == Py_None ? NULL : argument;
}
