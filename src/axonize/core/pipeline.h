/* Where ended spans go. */

static struct {
    RingBuffer *buffer; /* NULL: nowhere */
    int samples_all;
    uint64_t sampling_bound;
    PyObject *pending;
    size_t wake_at;
    PyObject *wake;
} pipeline = {.samples_all = 1};

/* Replace a global reference. Without a GIL another thread may just be about to use the old one,
   so there it is kept for ever; there are as many as calls of configure(). */
static void
replace(PyObject **global, PyObject *object)
{
    PyObject *old = *global;
    Py_XINCREF(object);
    *global = object;
#ifndef Py_GIL_DISABLED
    Py_XDECREF(old);
#else
    (void)old;
#endif
}

/* The pending object of a new local trace: NULL when it is sampled, None when it is lost. */
static int
begin_pending(PyObject *root, uint64_t low_trace_id, PyObject **pending)
{
    *pending = NULL;
    if (pipeline.samples_all || low_trace_id < pipeline.sampling_bound)
        return 0;
    if (!pipeline.pending) {
        *pending = Py_NewRef(Py_None);
        return 0;
    }
    PyObject *made = PyObject_CallOneArg(pipeline.pending, root);
    if (!made)
        return -1;
    if (made == Py_None)
        Py_DECREF(made);
    else
        *pending = made;
    return 0;
}

static int
wake_worker(void)
{
    PyObject *wake = pipeline.wake;
    if (!wake)
        return 0;
    Py_INCREF(wake);
    PyObject *done = PyObject_CallNoArgs(wake);
    Py_DECREF(wake);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* Hand an ended span on. */
static int
deliver(PyObject *span, PyObject *pending)
{
    if (UNLIKELY(pending != NULL)) {
        if (pending == Py_None)
            return 0;
        PyObject *done = PyObject_CallMethodOneArg(pending, text.ended, span);
        Py_XDECREF(done);
        return done ? 0 : -1;
    }
    RingBuffer *buffer = pipeline.buffer;
    if (!buffer)
        return 0;
    size_t length = ring_push(buffer, span);
    return UNLIKELY(length && length == pipeline.wake_at) ? wake_worker() : 0;
}

static Signature configure_signature = {
    "configure", 1, 1, 5, {"buffer", "sampling_bound", "pending", "wake_at", "wake"}, {NULL}};

static int
read_sampling_bound(PyObject *bound, int *samples_all, uint64_t *value)
{
    PyObject *bits = PyLong_FromLong(64);
    PyObject *rest = bits ? PyNumber_Rshift(bound, bits) : NULL;
    Py_XDECREF(bits);
    if (!rest)
        return -1;
    *samples_all = PyObject_IsTrue(rest);
    *value = PyLong_AsUnsignedLongLongMask(bound);
    Py_DECREF(rest);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *
core_configure(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count,
               PyObject *keywords)
{
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    if (bind(&configure_signature, args, count, keywords, bound) < 0)
        return NULL;
    PyObject *buffer = given(bound[0]), *wake = given(bound[4]);
    if (buffer && !Py_IS_TYPE(buffer, &RingBuffer_Type))
        return PyErr_Format(PyExc_TypeError, "buffer must be a RingBuffer or None");
    int samples_all = 1;
    uint64_t sampling_bound = 0;
    if (bound[1] && read_sampling_bound(bound[1], &samples_all, &sampling_bound) < 0)
        return NULL;
    size_t wake_at = bound[3] ? PyLong_AsSize_t(bound[3]) : 0;
    if (PyErr_Occurred())
        return NULL;
    pipeline.samples_all = samples_all;
    pipeline.sampling_bound = sampling_bound;
    pipeline.wake_at = wake ? wake_at : 0;
    replace(&pipeline.pending, given(bound[2]));
    replace(&pipeline.wake, wake);
    replace((PyObject **)&pipeline.buffer, buffer);
    Py_RETURN_NONE;
}
