/* What is set on a span while it runs, and how it is read. */

/* --- attributes --- */

static inline int
set_plain_attribute(Span *self, PyObject *key, PyObject *value)
{
    int status = 0;
    Py_BEGIN_CRITICAL_SECTION(self);
    if (!self->ended)
        status = attributes_set(&self->attributes, key, value);
    Py_END_CRITICAL_SECTION();
    return status;
}

static int
set_unusual_attribute(Span *self, PyObject *key, PyObject *value)
{
    PyObject *name = plain_text(key);
    PyObject *copy = name ? plain_value(value) : NULL;
    int status = copy ? 0 : -1;
    if (copy && copy != Py_None)
        status = set_plain_attribute(self, name, copy);
    Py_XDECREF(name);
    Py_XDECREF(copy);
    return status;
}

static inline int
set_attribute(PyObject *self, PyObject *key, PyObject *value)
{
    if (is_plain(value) && PyUnicode_CheckExact(key))
        return set_plain_attribute((Span *)self, key, value);
    return set_unusual_attribute((Span *)self, key, value);
}

/* Without a copy; what makes a value plain may be Python code, so both are held for the while. */
static int
set_attributes_from_dict(PyObject *self, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    int status = 0;
    Py_BEGIN_CRITICAL_SECTION(dict);
    while (status == 0 && PyDict_Next(dict, &position, &key, &value)) {
        Py_INCREF(key);
        Py_INCREF(value);
        if (set_attribute(self, key, value) < 0)
            status = guard();
        Py_DECREF(key);
        Py_DECREF(value);
    }
    Py_END_CRITICAL_SECTION();
    return status;
}

static int
set_attributes(PyObject *self, PyObject *mapping)
{
    if (PyDict_CheckExact(mapping))
        return set_attributes_from_dict(self, mapping);
    PyObject *items = PyMapping_Items(mapping);
    int status = items ? 0 : -1;
    for (Py_ssize_t i = 0; status == 0 && i < PyList_GET_SIZE(items); i++) {
        PyObject *key, *value;
        if (!PyArg_ParseTuple(PyList_GET_ITEM(items, i), "OO", &key, &value) ||
            (set_attribute(self, key, value) < 0 && guard() < 0))
            status = -1;
    }
    Py_XDECREF(items);
    return status;
}

static Signature attribute_signature = {"set_attribute", 2, 2, 2, {"key", "value"}, {NULL}};

static PyObject *
span_set_attribute(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    if (UNLIKELY(count != 2 || keywords)) {
        if (bind(&attribute_signature, args, count, keywords, bound) < 0)
            return NULL;
        args = bound;
    }
    return guarded_none(set_attribute(self, args[0], args[1]));
}

static PyObject *
span_set_attributes(PyObject *self, PyObject *mapping)
{
    return guarded_none(set_attributes(self, mapping));
}

static PyObject *
span_begin_work(PyObject *object, PyObject *work)
{
    Span *self = (Span *)object;
    Py_BEGIN_CRITICAL_SECTION(self);
    Py_XSETREF(self->work, Py_NewRef(work));
    self->works = 1;
    Py_END_CRITICAL_SECTION();
    Py_RETURN_NONE;
}

static PyObject *
span_set_gpus(PyObject *self, PyObject *labels)
{
    return guarded_none(call_host(host.set_gpus, self, labels));
}

/* --- events, links --- */

/* Append a new entry to a list made on demand, or count it; steals the entry, which may be NULL. */
static int
append_limited(Span *self, PyObject **list, uint32_t *dropped, PyObject *entry)
{
    int status = entry ? 0 : -1;
    Py_BEGIN_CRITICAL_SECTION(self);
    if (!self->ended && status == 0) {
        if (!*list)
            *list = PyList_New(0);
        if (*list && PyList_GET_SIZE(*list) >= LIMIT)
            ++*dropped;
        else
            status = *list ? PyList_Append(*list, entry) : -1;
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(entry);
    return status;
}

static int
add_event(Span *self, PyObject **bound)
{
    int64_t time;
    if (self->ended)
        return 0;
    if (moment(self, given(bound[2]), &time) < 0)
        return -1;
    PyObject *name = plain_text(bound[0]);
    PyObject *attributes = name ? plain_attributes(given(bound[1])) : NULL;
    PyObject *event =
        attributes ? Py_BuildValue("(OLO)", name, (long long)time, attributes) : NULL;
    Py_XDECREF(name);
    Py_XDECREF(attributes);
    return append_limited(self, &self->events, &self->dropped_events, event);
}

static Signature event_signature = {
    "add_event", 1, 3, 3, {"name", "attributes", "time_ns"}, {NULL}};

static PyObject *
span_add_event(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    if (bind(&event_signature, args, count, keywords, bound) < 0)
        return NULL;
    return guarded_none(add_event((Span *)self, bound));
}

static int
add_link(Span *self, PyObject **bound)
{
    if (self->ended)
        return 0;
    PyObject *context = PyObject_CallOneArg(host.checked_context, bound[0]);
    PyObject *attributes = context ? plain_attributes(given(bound[1])) : NULL;
    PyObject *link = attributes ? PyTuple_Pack(2, context, attributes) : NULL;
    Py_XDECREF(context);
    Py_XDECREF(attributes);
    return append_limited(self, &self->links, &self->dropped_links, link);
}

static Signature link_signature = {"add_link", 1, 2, 2, {"context", "attributes"}, {NULL}};

static PyObject *
span_add_link(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    if (bind(&link_signature, args, count, keywords, bound) < 0)
        return NULL;
    return guarded_none(add_link((Span *)self, bound));
}

/* --- status --- */

enum { UNSET, OK, ERROR };

static int
set_status(Span *self, PyObject *name, PyObject *message)
{
    int status = index_of(name, statuses, 3, "status");
    if (status < 0)
        return -1;
    PyObject *copy = status == ERROR && message ? plain_text(message) : NULL;
    if (PyErr_Occurred())
        return -1;
    Py_BEGIN_CRITICAL_SECTION(self);
    if (!self->ended && self->status != OK) {
        self->status = (unsigned char)status;
        PyObject *old = self->status_message;
        self->status_message = copy;
        copy = old;
    }
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(copy);
    return 0;
}

static Signature status_signature = {"set_status", 1, 2, 2, {"status", "message"}, {NULL}};

static PyObject *
span_set_status(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    if (bind(&status_signature, args, count, keywords, bound) < 0)
        return NULL;
    return guarded_none(set_status((Span *)self, bound[0], bound[1]));
}

static PyObject *
span_record_exception(PyObject *self, PyObject *error)
{
    return guarded_none(call_host(host.record_exception, self, error));
}

/* --- reading --- */

static PyObject *
text_or_empty(PyObject *string)
{
    return Py_NewRef(string ? string : text.empty);
}

static PyObject *
span_get_name(PyObject *self, void *Py_UNUSED(closure))
{
    return text_or_empty(((Span *)self)->name);
}

static int
span_set_name(PyObject *self, PyObject *name, void *Py_UNUSED(closure))
{
    if (!name) {
        PyErr_SetString(PyExc_AttributeError, "a span has a name");
        return -1;
    }
    if (((Span *)self)->ended || set_name((Span *)self, name) == 0)
        return 0;
    return guard();
}

static PyObject *
span_get_trace_id(PyObject *self, void *Py_UNUSED(closure))
{
    char digits[32];
    write_hex(digits, ((Span *)self)->trace_id[0]);
    write_hex(digits + 16, ((Span *)self)->trace_id[1]);
    return PyUnicode_FromStringAndSize(digits, 32);
}

static PyObject *
short_id(uint64_t id)
{
    char digits[16];
    write_hex(digits, id);
    return PyUnicode_FromStringAndSize(digits, 16);
}

static PyObject *
span_get_span_id(PyObject *self, void *Py_UNUSED(closure))
{
    return short_id(((Span *)self)->span_id);
}

static PyObject *
span_get_parent_span_id(PyObject *self, void *Py_UNUSED(closure))
{
    uint64_t id = ((Span *)self)->parent_span_id;
    return id ? short_id(id) : Py_NewRef(text.empty);
}

static PyObject *
span_get_trace_flags(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromLong(((Span *)self)->pending == NULL);
}

static PyObject *
span_get_trace_state(PyObject *self, void *Py_UNUSED(closure))
{
    return text_or_empty(((Span *)self)->trace_state);
}

static PyObject *
span_get_kind(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(kinds[((Span *)self)->kind]);
}

static PyObject *
span_get_status(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(statuses[((Span *)self)->status]);
}

static PyObject *
span_get_status_message(PyObject *self, void *Py_UNUSED(closure))
{
    return text_or_empty(((Span *)self)->status_message);
}

static PyObject *
span_get_attributes(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *dict;
    Py_BEGIN_CRITICAL_SECTION(self);
    dict = attributes_as_dict(&((Span *)self)->attributes);
    Py_END_CRITICAL_SECTION();
    return dict;
}

static PyObject *
list_copy(PyObject *list)
{
    return list ? PySequence_List(list) : PyList_New(0);
}

static PyObject *
span_get_events(PyObject *self, void *Py_UNUSED(closure))
{
    return list_copy(((Span *)self)->events);
}

static PyObject *
span_get_links(PyObject *self, void *Py_UNUSED(closure))
{
    return list_copy(((Span *)self)->links);
}

static PyObject *
span_repr(PyObject *self)
{
    PyObject *trace_id = span_get_trace_id(self, NULL), *span_id = span_get_span_id(self, NULL);
    PyObject *repr = NULL;
    if (trace_id && span_id)
        repr = PyUnicode_FromFormat("<Span %R trace_id=%U span_id=%U>", ((Span *)self)->name,
                                    trace_id, span_id);
    Py_XDECREF(trace_id);
    Py_XDECREF(span_id);
    return repr;
}

/* --- the type --- */

#define FAST(function) ((PyCFunction)(void (*)(void))(function))
#define FAST_KEYWORDS (METH_FASTCALL | METH_KEYWORDS)

static PyMethodDef span_methods[] = {
    {"__enter__", span_enter, METH_NOARGS, NULL},
    {"__exit__", FAST(span_exit), METH_FASTCALL, NULL},
    {"end", FAST(span_end), FAST_KEYWORDS,
     "End the span, now or at the given time, and hand it on; only the first call counts."},
    {"set_attribute", FAST(span_set_attribute), FAST_KEYWORDS,
     "Set one attribute; lists and mappings are copied, None is ignored."},
    {"set_attributes", span_set_attributes, METH_O, "Set each attribute of the mapping."},
    {"set_gpus", span_set_gpus, METH_O, "Name the GPUs this works on from now to its end."},
    {"_begin_work", span_begin_work, METH_O, "See axonize.spans."},
    {"add_event", FAST(span_add_event), FAST_KEYWORDS,
     "Add something that happened at one moment, by default now."},
    {"add_link", FAST(span_add_link), FAST_KEYWORDS,
     "Point to a span of this or another trace that is not the parent."},
    {"set_status", FAST(span_set_status), FAST_KEYWORDS,
     "Say whether the work succeeded; \"ok\" is final."},
    {"record_exception", span_record_exception, METH_O,
     "Add the event that OpenTelemetry defines for an exception; the status stays."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef span_members[] = {
    {"start_ns", T_LONGLONG, offsetof(Span, start_ns), READONLY, "Unix nanoseconds."},
    {"end_ns", T_LONGLONG, offsetof(Span, end_ns), READONLY, "Unix nanoseconds; 0 until the end."},
    {"ended", T_BOOL, offsetof(Span, ended), READONLY, "Whether the span has ended."},
    {"_work", T_OBJECT, offsetof(Span, work), READONLY, "Its own, else that of a span around."},
    {"_works", T_BOOL, offsetof(Span, works), READONLY, "Whether it has work of its own."},
    {"dropped_attributes_count", T_UINT, offsetof(Span, attributes.dropped), READONLY, NULL},
    {"dropped_events_count", T_UINT, offsetof(Span, dropped_events), READONLY, NULL},
    {"dropped_links_count", T_UINT, offsetof(Span, dropped_links), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef span_properties[] = {
    {"name", span_get_name, span_set_name, "What kind of work this is.", NULL},
    {"trace_id", span_get_trace_id, NULL, "32 lowercase hexadecimal digits.", NULL},
    {"span_id", span_get_span_id, NULL, "16 lowercase hexadecimal digits.", NULL},
    {"parent_span_id", span_get_parent_span_id, NULL, "Like span_id, or \"\".", NULL},
    {"trace_flags", span_get_trace_flags, NULL, "1 when sampled from the beginning.", NULL},
    {"trace_state", span_get_trace_state, NULL, "The W3C tracestate of the trace.", NULL},
    {"kind", span_get_kind, NULL, "One of KINDS.", NULL},
    {"status", span_get_status, NULL, "One of STATUSES.", NULL},
    {"status_message", span_get_status_message, NULL, "Why the status is \"error\".", NULL},
    {"attributes", span_get_attributes, NULL, "A copy; lists come back as tuples.", NULL},
    {"events", span_get_events, NULL, "(name, time in Unix ns, attributes) of each.", NULL},
    {"links", span_get_links, NULL, "(context, attributes) of each.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject Span_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "axonize._core.Span",
    .tp_doc = "Work with a beginning, an end and attributes; it begins when it is constructed.",
    .tp_basicsize = sizeof(Span),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_weaklistoffset = offsetof(Span, weak_references),
    .tp_new = span_new,
    .tp_init = span_init,
    .tp_vectorcall = span_vectorcall,
    .tp_dealloc = span_dealloc,
    .tp_free = PyObject_GC_Del,
    .tp_traverse = span_traverse,
    .tp_clear = span_clear,
    .tp_repr = span_repr,
    .tp_methods = span_methods,
    .tp_members = span_members,
    .tp_getset = span_properties,
};
