/* The attributes of a span: an array of pairs, because there are few and most keys are interned. */

#define LIMIT 128 /* of attributes, events and links, as in the OpenTelemetry SDKs */
#define FIRST_CAPACITY 12

typedef struct {
    PyObject *key;   /* an exact str */
    PyObject *value; /* exact str, bool, int, float, bytes, or a tuple or dict of such and None */
} Attribute;

typedef struct {
    Attribute *items;
    uint32_t count, capacity;
    uint32_t dropped;
} Attributes;

static inline int
is_plain(PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    return type == &PyUnicode_Type || type == &PyLong_Type || type == &PyFloat_Type ||
           type == &PyBool_Type || type == &PyBytes_Type;
}

/* Return the value itself when it is immutable and plain, else a private plain copy. */
static PyObject *
plain_value(PyObject *value)
{
    if (is_plain(value) || value == Py_None)
        return Py_NewRef(value);
    if (!PyList_CheckExact(value) && !PyTuple_CheckExact(value))
        return PyObject_CallOneArg(host.plain_value, value);
    PyObject *copy = PySequence_Tuple(value);
    if (!copy)
        return NULL;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(copy); i++) {
        if (!is_plain(PyTuple_GET_ITEM(copy, i))) {
            Py_SETREF(copy, PyObject_CallOneArg(host.plain_value, copy));
            break;
        }
    }
    return copy;
}

static PyObject *
plain_text(PyObject *value)
{
    return PyUnicode_CheckExact(value) ? Py_NewRef(value)
                                       : PyObject_CallOneArg(host.plain_text, value);
}

/* Return a new dict of plain keys and values; the mapping may be NULL. */
static PyObject *
plain_attributes(PyObject *mapping)
{
    return mapping ? PyObject_CallOneArg(host.plain_attributes, mapping) : PyDict_New();
}

static inline int
same_key(PyObject *one, PyObject *other)
{
    if (one == other)
        return 1;
    if (PyUnicode_CHECK_INTERNED(one) && PyUnicode_CHECK_INTERNED(other))
        return 0;
    return PyUnicode_GET_LENGTH(one) == PyUnicode_GET_LENGTH(other) &&
           PyUnicode_Compare(one, other) == 0;
}

static int
attributes_grow(Attributes *self)
{
    uint32_t capacity = self->capacity ? self->capacity * 2 : FIRST_CAPACITY;
    if (capacity > LIMIT)
        capacity = LIMIT;
    Attribute *items = PyMem_Realloc(self->items, capacity * sizeof(Attribute));
    if (!items) {
        PyErr_NoMemory();
        return -1;
    }
    self->items = items;
    self->capacity = capacity;
    return 0;
}

/* Set one attribute; key and value are plain. */
static inline int
attributes_set(Attributes *self, PyObject *key, PyObject *value)
{
    for (uint32_t i = 0; i < self->count; i++) {
        if (same_key(self->items[i].key, key)) {
            Py_INCREF(value);
            Py_SETREF(self->items[i].value, value);
            return 0;
        }
    }
    if (UNLIKELY(self->count == LIMIT)) {
        self->dropped++;
        return 0;
    }
    if (UNLIKELY(self->count == self->capacity) && attributes_grow(self) < 0)
        return -1;
    self->items[self->count++] = (Attribute){Py_NewRef(key), Py_NewRef(value)};
    return 0;
}

static PyObject *
attributes_as_dict(const Attributes *self)
{
    PyObject *dict = PyDict_New();
    for (uint32_t i = 0; dict && i < self->count; i++) {
        if (PyDict_SetItem(dict, self->items[i].key, self->items[i].value) < 0)
            Py_CLEAR(dict);
    }
    return dict;
}

static void
attributes_release(Attributes *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        Py_DECREF(self->items[i].key);
        Py_DECREF(self->items[i].value);
    }
    PyMem_Free(self->items);
    *self = (Attributes){NULL, 0, 0, 0};
}
