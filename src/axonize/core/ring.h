/* RingBuffer: bounded, many producers, many consumers, no lock.

   Each slot has a turn, which says whose it is: `ticket` when the push with that ticket may fill
   it, `ticket + 1` when the pop with that ticket may empty it. (Dmitry Vyukov's bounded queue.) */

typedef struct {
    atomic_size_t turn;
    PyObject *item;
} Slot;

typedef struct {
    PyObject_HEAD
    size_t capacity;
    size_t mask; /* number of slots - 1; the number is a power of two, at least 2 */
    Slot *slots;
    atomic_size_t head; /* ticket of the next pop */
    atomic_size_t tail; /* ticket of the next push */
    atomic_size_t dropped;
} RingBuffer;

static PyTypeObject RingBuffer_Type;

/* Append the item; returns the length after it, 0 when the buffer is full. */
static size_t
ring_push(RingBuffer *self, PyObject *item)
{
    size_t ticket = atomic_load_explicit(&self->tail, memory_order_relaxed);
    for (;;) {
        Slot *slot = &self->slots[ticket & self->mask];
        size_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
        size_t head = atomic_load_explicit(&self->head, memory_order_acquire);
        /* Signed, because a stale ticket may lie before the head; its exchange fails below. */
        int full = (Py_ssize_t)(ticket - head) >= (Py_ssize_t)self->capacity;
        if (turn == ticket && !full) {
            if (!atomic_compare_exchange_weak_explicit(&self->tail, &ticket, ticket + 1,
                                                       memory_order_relaxed, memory_order_relaxed))
                continue;
            Py_INCREF(item);
            slot->item = item;
            atomic_store_explicit(&slot->turn, ticket + 1, memory_order_release);
            return ticket + 1 > head ? ticket + 1 - head : 1;
        }
        if (full || (Py_ssize_t)(turn - ticket) < 0) {
            atomic_fetch_add_explicit(&self->dropped, 1, memory_order_relaxed);
            return 0;
        }
        ticket = atomic_load_explicit(&self->tail, memory_order_relaxed);
    }
}

/* Remove the oldest item; NULL, without an exception, when there is none. */
static PyObject *
ring_pop(RingBuffer *self)
{
    size_t ticket = atomic_load_explicit(&self->head, memory_order_relaxed);
    for (;;) {
        Slot *slot = &self->slots[ticket & self->mask];
        size_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
        if (turn == ticket + 1) {
            if (!atomic_compare_exchange_weak_explicit(&self->head, &ticket, ticket + 1,
                                                       memory_order_acq_rel, memory_order_relaxed))
                continue;
            PyObject *item = slot->item;
            slot->item = NULL;
            atomic_store_explicit(&slot->turn, ticket + self->mask + 1, memory_order_release);
            return item;
        }
        if ((Py_ssize_t)(turn - (ticket + 1)) < 0)
            return NULL;
        ticket = atomic_load_explicit(&self->head, memory_order_relaxed);
    }
}

static Py_ssize_t
ring_length(PyObject *object)
{
    RingBuffer *self = (RingBuffer *)object;
    size_t head = atomic_load_explicit(&self->head, memory_order_acquire);
    size_t length = atomic_load_explicit(&self->tail, memory_order_acquire) - head;
    return (Py_ssize_t)(length < self->capacity ? length : self->capacity);
}

static PyObject *
ring_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"capacity", NULL};
    Py_ssize_t capacity;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "n:RingBuffer", names, &capacity))
        return NULL;
    if (capacity < 1)
        return PyErr_Format(PyExc_ValueError, "capacity must be at least 1");
    if (capacity > PY_SSIZE_T_MAX / 4 / (Py_ssize_t)sizeof(Slot))
        return PyErr_NoMemory();
    RingBuffer *self = (RingBuffer *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    size_t count = 2;
    while (count < (size_t)capacity)
        count *= 2;
    self->capacity = (size_t)capacity;
    self->mask = count - 1;
    self->slots = PyMem_Calloc(count, sizeof(Slot));
    if (!self->slots) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    for (size_t i = 0; i < count; i++)
        atomic_init(&self->slots[i].turn, i);
    return (PyObject *)self;
}

static int
ring_traverse(PyObject *object, visitproc visit, void *arg)
{
    RingBuffer *self = (RingBuffer *)object;
    size_t tail = self->slots ? atomic_load(&self->tail) : 0;
    for (size_t ticket = atomic_load(&self->head); ticket < tail; ticket++)
        Py_VISIT(self->slots[ticket & self->mask].item);
    return 0;
}

static int
ring_clear(PyObject *object)
{
    RingBuffer *self = (RingBuffer *)object;
    PyObject *item;
    while (self->slots && (item = ring_pop(self)))
        Py_DECREF(item);
    return 0;
}

static void
ring_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    ring_clear(self);
    PyMem_Free(((RingBuffer *)self)->slots);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *
ring_push_method(PyObject *self, PyObject *item)
{
    return PyBool_FromLong(ring_push((RingBuffer *)self, item) != 0);
}

static PyObject *
ring_drain(PyObject *self, PyObject *argument)
{
    Py_ssize_t maximum = PyNumber_AsSsize_t(argument, PyExc_OverflowError);
    PyObject *drained = PyErr_Occurred() ? NULL : PyList_New(0);
    PyObject *item;
    while (drained && PyList_GET_SIZE(drained) < maximum && (item = ring_pop((RingBuffer *)self))) {
        if (PyList_Append(drained, item) < 0)
            Py_CLEAR(drained);
        Py_DECREF(item);
    }
    return drained;
}

static PyObject *
ring_clear_method(PyObject *self, PyObject *Py_UNUSED(none))
{
    /* Only what is there now: producers may be faster than this loop. */
    PyObject *item;
    for (Py_ssize_t left = ring_length(self); left && (item = ring_pop((RingBuffer *)self)); left--)
        Py_DECREF(item);
    Py_RETURN_NONE;
}

static PyObject *
ring_get_capacity(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromSize_t(((RingBuffer *)self)->capacity);
}

static PyObject *
ring_get_dropped(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromSize_t(atomic_load(&((RingBuffer *)self)->dropped));
}

static PyMethodDef ring_methods[] = {
    {"push", ring_push_method, METH_O,
     "Append the item and return True, or count a drop and return False when full."},
    {"drain", ring_drain, METH_O, "Remove and return at most this many items, oldest first."},
    {"clear", ring_clear_method, METH_NOARGS, "Remove every item; the count of drops stays."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef ring_properties[] = {
    {"capacity", ring_get_capacity, NULL, "How many items fit.", NULL},
    {"dropped", ring_get_dropped, NULL,
     "How many items were refused because the buffer was full.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PySequenceMethods ring_as_sequence = {.sq_length = ring_length};

static PyTypeObject RingBuffer_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "axonize._core.RingBuffer",
    .tp_doc = "Bounded queue that never blocks: when it is full the newest item is dropped and counted.",
    .tp_basicsize = sizeof(RingBuffer),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = ring_new,
    .tp_dealloc = ring_dealloc,
    .tp_traverse = ring_traverse,
    .tp_clear = ring_clear,
    .tp_methods = ring_methods,
    .tp_getset = ring_properties,
    .tp_as_sequence = &ring_as_sequence,
};
