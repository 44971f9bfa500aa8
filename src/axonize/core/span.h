/* Span: begin, enter, leave, end. What is set on it in between is in recording.h. */

typedef struct {
    PyObject_HEAD
    PyObject *weak_references;
    PyObject *name;
    PyObject *trace_state;    /* NULL: "" */
    PyObject *status_message; /* NULL: "" */
    PyObject *events;         /* list of (name, time, attributes), or NULL */
    PyObject *links;          /* list of (SpanContext, attributes), or NULL */
    PyObject *pending;        /* NULL: sampled; None: lost; else takes the span at its end */
    PyObject *work;           /* axonize.recording.Work of it, else of a span around it, or NULL */
    PyObject *token;          /* while entered: puts back what was current before */
    Attributes attributes;
    uint32_t dropped_events, dropped_links;
    uint64_t trace_id[2]; /* high, low */
    uint64_t span_id;
    uint64_t parent_span_id;
    int64_t start_ns, end_ns;
    int64_t monotonic_start; /* 0: the start was given, or comes from a test */
    unsigned char kind, status;
    char ended;
    char works; /* its work wants to know of its end */
} Span;

static PyTypeObject Span_Type;

static const char *const kinds[] = {"internal", "server", "client", "producer", "consumer"};
static const char *const statuses[] = {"unset", "ok", "error"};

static inline int
is_span(PyObject *object)
{
    return Py_IS_TYPE(object, &Span_Type) || PyObject_TypeCheck(object, &Span_Type);
}

/* Find an exact str in a table; -1 with an exception when it is not there. */
static int
index_of(PyObject *name, const char *const *names, int count, const char *what)
{
    for (int i = 0; i < count; i++) {
        if (PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, names[i]) == 0)
            return i;
    }
    PyErr_Format(PyExc_ValueError, "not a %s of a span: %R", what, name);
    return -1;
}

/* The collector follows a span only where a cycle could arise, so that thousands of ended spans in
   the buffer do not slow its passes down: attributes are plain values and cannot refer back. */
static inline void
track(Span *self)
{
    if (!PyObject_GC_IsTracked((PyObject *)self))
        PyObject_GC_Track((PyObject *)self);
}

static inline void
untrack(Span *self)
{
    if (Py_IS_TYPE(self, &Span_Type) && !self->pending)
        PyObject_GC_UnTrack((PyObject *)self);
}

/* --- begin --- */

static int
span_now(Span *self, int64_t *now)
{
    if (self->monotonic_start) {
        *now = self->start_ns + clock_ns(CLOCK_MONOTONIC) - self->monotonic_start;
        return 0;
    }
    if (!test_source.clock)
        *now = clock_ns(CLOCK_REALTIME);
    else if (test_time(now) < 0)
        return -1;
    if (*now < self->start_ns)
        *now = self->start_ns;
    return 0;
}

/* Read a time given from Python; now when there is none or it is no time. */
static int
moment(Span *self, PyObject *given_time, int64_t *time)
{
    if (given_time && (time_from(given_time, time) == 0 || guard() < 0))
        return PyErr_Occurred() ? -1 : 0;
    return span_now(self, time);
}

static inline int
start_at(Span *self, PyObject *start_ns)
{
    if (start_ns && (time_from(start_ns, &self->start_ns) == 0 || guard() < 0))
        return PyErr_Occurred() ? -1 : 0;
    if (UNLIKELY(test_source.clock != NULL))
        return test_time(&self->start_ns);
    self->start_ns = clock_ns(CLOCK_REALTIME);
    self->monotonic_start = clock_ns(CLOCK_MONOTONIC);
    return 0;
}

static int
follow_context(Span *self, PyObject *context)
{
    uint64_t trace_id[2], span_id;
    if (read_id(context, text.trace_id, 2, trace_id) < 0 ||
        read_id(context, text.span_id, 1, &span_id) < 0)
        return -1;
    if (!(trace_id[0] | trace_id[1]) || !span_id)
        return 0;
    PyObject *trace_state = PyObject_GetAttr(context, text.trace_state);
    if (!trace_state)
        return -1;
    Py_SETREF(trace_state, plain_text(trace_state));
    if (!trace_state)
        return -1;
    self->trace_state = trace_state;
    memcpy(self->trace_id, trace_id, sizeof trace_id);
    self->parent_span_id = span_id;
    return 0;
}

static PyObject *root_parent; /* asked for the parent of a span that has none; NULL: nobody */

static int
follow_root_parent(Span *self)
{
    PyObject *context = PyObject_CallNoArgs(root_parent);
    int status = !context ? -1 : context == Py_None ? 0 : follow_context(self, context);
    Py_XDECREF(context);
    return status;
}

static int
begin_local_root(Span *self, PyObject *context)
{
    int status = context == host.KEPT ? 0
                 : context            ? follow_context(self, context)
                 : root_parent        ? follow_root_parent(self)
                                      : 0;
    if (status < 0 && guard() < 0)
        return -1;
    if (!self->parent_span_id && new_trace_id(&self->trace_id[0], &self->trace_id[1]) < 0)
        return -1;
    if (new_span_id(&self->span_id) < 0)
        return -1;
    if (context != host.KEPT &&
        begin_pending((PyObject *)self, self->trace_id[1], &self->pending) < 0)
        return guard();
    return 0;
}

static inline int
begin_child(Span *self, Span *parent)
{
    self->trace_id[0] = parent->trace_id[0];
    self->trace_id[1] = parent->trace_id[1];
    self->parent_span_id = parent->span_id;
    Py_XINCREF(parent->trace_state);
    self->trace_state = parent->trace_state;
    Py_XINCREF(parent->pending);
    self->pending = parent->pending;
    Py_BEGIN_CRITICAL_SECTION(parent);
    self->work = Py_XNewRef(parent->work);
    Py_END_CRITICAL_SECTION();
    return new_span_id(&self->span_id);
}

static inline int
join_trace(Span *self, PyObject *parent)
{
    PyObject *current = NULL;
    if (!parent && PyContextVar_Get(host.current_span, NULL, &current) < 0)
        return -1;
    parent = parent ? parent : given(current);
    int status = parent && is_span(parent) ? begin_child(self, (Span *)parent)
                                           : begin_local_root(self, parent);
    Py_XDECREF(current);
    if (UNLIKELY(self->pending != NULL))
        track(self);
    return status;
}

static int
set_name(Span *self, PyObject *name)
{
    PyObject *copy = plain_text(name);
    if (!copy)
        return -1;
    Py_XSETREF(self->name, copy);
    return 0;
}

static int
set_kind(Span *self, PyObject *name)
{
    int kind = index_of(name, kinds, 5, "kind");
    if (kind >= 0)
        self->kind = (unsigned char)kind;
    return kind;
}

static int set_attributes(PyObject *self, PyObject *mapping);

enum { NAME, ATTRIBUTES, KIND, PARENT, START_NS };

static Signature span_signature = {
    "Span", 1, 2, 5, {"name", "attributes", "kind", "parent", "start_ns"}, {NULL}};

/* Begin a zeroed span with the bound arguments. */
static int
begin(Span *self, PyObject **bound)
{
    if (UNLIKELY(set_name(self, bound[NAME]) < 0)) {
        self->name = Py_NewRef(text.empty);
        if (guard() < 0)
            return -1;
    }
    if (UNLIKELY(bound[KIND] != NULL) && set_kind(self, bound[KIND]) < 0 && guard() < 0)
        return -1;
    if (start_at(self, given(bound[START_NS])) < 0)
        return -1;
    PyObject *attributes = given(bound[ATTRIBUTES]);
    if (attributes && set_attributes((PyObject *)self, attributes) < 0 && guard() < 0)
        return -1;
    return join_trace(self, given(bound[PARENT]));
}

/* --- memory --- */

static void
release_references(Span *self)
{
    Py_CLEAR(self->name);
    Py_CLEAR(self->trace_state);
    Py_CLEAR(self->status_message);
    Py_CLEAR(self->events);
    Py_CLEAR(self->links);
    Py_CLEAR(self->pending);
    Py_CLEAR(self->work);
    Py_CLEAR(self->token);
    attributes_release(&self->attributes);
}

/* Dead spans kept for reuse. Only with a GIL: it is what makes this list safe. */
#ifdef Py_GIL_DISABLED
#define KEPT_SPANS 0
#else
#define KEPT_SPANS 256
#endif
static Span *kept_spans[KEPT_SPANS + 1];
static int kept_count;

/* Return a zeroed span that the collector does not track. */
static inline Span *
allocate(void)
{
    Span *self;
    if (kept_count)
        self = (Span *)PyObject_Init((PyObject *)kept_spans[--kept_count], &Span_Type);
    else
        self = PyObject_GC_New(Span, &Span_Type);
    if (self)
        memset((char *)self + sizeof(PyObject), 0, sizeof(Span) - sizeof(PyObject));
    return self;
}

static void
span_dealloc(PyObject *object)
{
    Span *self = (Span *)object;
    PyObject_GC_UnTrack(object);
    Py_TRASHCAN_BEGIN(object, span_dealloc)
    if (self->weak_references)
        PyObject_ClearWeakRefs(object);
    release_references(self);
    if (kept_count < KEPT_SPANS && Py_IS_TYPE(object, &Span_Type))
        kept_spans[kept_count++] = self;
    else
        Py_TYPE(object)->tp_free(object);
    Py_TRASHCAN_END
}

static int
span_traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(((Span *)object)->pending);
    Py_VISIT(((Span *)object)->token);
    return 0;
}

static int
span_clear(PyObject *object)
{
    Py_CLEAR(((Span *)object)->pending);
    Py_CLEAR(((Span *)object)->token);
    return 0;
}

static PyObject *
span_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    Span *self = type == &Span_Type ? allocate() : (Span *)type->tp_alloc(type, 0);
    if (self)
        self->name = Py_NewRef(text.empty);
    return (PyObject *)self;
}

/* The way of subclasses: Span itself is called through span_vectorcall. */
static int
span_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    PyObject *name, *value;
    Py_ssize_t position = 0;
    if (bind_positional(&span_signature, ((PyTupleObject *)args)->ob_item, PyTuple_GET_SIZE(args),
                        bound) < 0)
        return -1;
    while (kwargs && PyDict_Next(kwargs, &position, &name, &value)) {
        if (bind_keyword(&span_signature, name, value, bound) < 0)
            return -1;
    }
    if (check_required(&span_signature, bound) < 0)
        return -1;
    Span *self = (Span *)object;
    release_references(self);
    size_t fixed = offsetof(Span, name);
    memset((char *)self + fixed, 0, sizeof(Span) - fixed);
    return begin(self, bound);
}

static PyObject *
span_vectorcall(PyObject *Py_UNUSED(type), PyObject *const *args, size_t count, PyObject *keywords)
{
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    if (bind(&span_signature, args, PyVectorcall_NARGS(count), keywords, bound) < 0)
        return NULL;
    Span *self = allocate();
    if (self && begin(self, bound) < 0)
        Py_CLEAR(self);
    return (PyObject *)self;
}

/* --- enter, leave, end --- */

static PyObject *
span_enter(PyObject *object, PyObject *Py_UNUSED(none))
{
    Span *self = (Span *)object;
    if (!self->token && !self->ended) {
        self->token = PyContextVar_Set(host.current_span, object);
        if (!self->token)
            return guard() < 0 ? NULL : Py_NewRef(object);
        track(self); /* the token refers to the context, and that to this span */
    }
    return Py_NewRef(object);
}

/* Return what the token puts back: a span or None. */
static PyObject *
previous_span(PyObject *token)
{
    PyObject *previous = PyObject_GetAttr(token, text.old_value);
    if (previous == host.missing)
        Py_SETREF(previous, Py_NewRef(Py_None));
    return previous;
}

/* Make current what was so before. */
static int
put_back(Span *self, PyObject *token, PyObject *current)
{
    if (PyContextVar_Reset(host.current_span, token) == 0)
        return 0;
    if (!PyErr_ExceptionMatches(PyExc_ValueError))
        return -1;
    PyErr_Clear(); /* entered in another context; this one may be a copy of it */
    if (current != (PyObject *)self)
        return 0;
    PyObject *previous = previous_span(token);
    PyObject *unused = previous ? PyContextVar_Set(host.current_span, previous) : NULL;
    Py_XDECREF(previous);
    Py_XDECREF(unused);
    return unused ? 0 : -1;
}

/* Make the span that would return to this one return to what was before it; 1 when there is such a
   span: when spans are not left in the order they were entered in, for example by a generator that
   is closed late. */
static int
bypass(Span *self, PyObject *token, PyObject *current)
{
    PyObject *inner = Py_NewRef(current);
    int found = 0;
    while (inner && !found && is_span(inner) && ((Span *)inner)->token) {
        PyObject *previous = previous_span(((Span *)inner)->token);
        found = previous == (PyObject *)self;
        if (found)
            Py_SETREF(((Span *)inner)->token, Py_NewRef(token));
        Py_SETREF(inner, previous);
    }
    Py_XDECREF(inner);
    return PyErr_Occurred() ? -1 : found;
}

static int
leave(Span *self)
{
    PyObject *current, *token = self->token;
    if (!token)
        return 0;
    if (PyContextVar_Get(host.current_span, NULL, &current) < 0)
        return -1;
    self->token = NULL;
    untrack(self);
    int status = UNLIKELY(current != (PyObject *)self) ? bypass(self, token, current) : 0;
    if (status == 0)
        status = put_back(self, token, current);
    Py_DECREF(current);
    Py_DECREF(token);
    return status < 0 ? -1 : 0;
}

static int
end_work(Span *self)
{
    PyObject *work, *done;
    Py_BEGIN_CRITICAL_SECTION(self);
    self->works = 0;
    work = Py_NewRef(self->work);
    Py_END_CRITICAL_SECTION();
    done = PyObject_CallMethodOneArg(work, text.ended, (PyObject *)self);
    Py_DECREF(work);
    Py_XDECREF(done);
    return done ? 0 : guard();
}

static int
end_span(Span *self, PyObject *end_ns)
{
    int64_t end;
    int first;
    if (self->ended)
        return 0;
    if (moment(self, end_ns, &end) < 0)
        return -1;
    if (UNLIKELY(self->works) && end_work(self) < 0)
        return -1;
    Py_BEGIN_CRITICAL_SECTION(self);
    first = !self->ended;
    if (first) {
        self->end_ns = end > self->start_ns ? end : self->start_ns;
        self->ended = 1;
    }
    Py_END_CRITICAL_SECTION();
    return first ? deliver((PyObject *)self, self->pending) : 0;
}

/* Call a rare path that is written in Python, with this span. */
static int
call_host(PyObject *function, PyObject *self, PyObject *argument)
{
    PyObject *done = PyObject_CallFunctionObjArgs(function, self, argument, NULL);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static PyObject *
span_exit(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    if (leave((Span *)object) < 0 && guard() < 0)
        return NULL;
    if (count > 1 && args[1] != Py_None && call_host(host.record_failure, object, args[1]) < 0 &&
        guard() < 0)
        return NULL;
    if (Py_IS_TYPE(object, &Span_Type))
        return guarded_none(end_span((Span *)object, NULL));
    PyObject *done = PyObject_CallMethodNoArgs(object, text.end);
    Py_XDECREF(done);
    return done ? Py_NewRef(Py_None) : NULL;
}

static Signature end_signature = {"end", 0, 1, 1, {"end_ns"}, {NULL}};

static PyObject *
span_end(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    if (bind(&end_signature, args, count, keywords, bound) < 0)
        return NULL;
    return guarded_none(end_span((Span *)self, given(bound[0])));
}
