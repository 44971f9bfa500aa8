/* StepLog: the steps of vLLM's scheduler, as axonize.step_log notes them, which says why.

   What it keeps are tuples as the Python version makes them; others read these. */

typedef struct {
    PyObject_HEAD
    PyObject *open;    /* dict: id of a batch -> Scheduled */
    PyObject *ended;   /* list of Ended */
    PyObject *leaving; /* list */
    PyObject *crew;    /* tuple that begins as the enum below */
    PyObject *gauge;   /* callable, or None until there is a KVCacheManager */
    long long number, done;
    Py_ssize_t at_once;
} StepLog;

enum { LASTS, REQUEST_IDS, TOTAL, LEAST_OF_CREW };

static struct {
    PyObject *kv_cache_manager, *get_request_counts, *_axonize_recorder; /* of a Scheduler */
    PyObject *preempted_req_ids, *total_num_scheduled_tokens, *scheduled_cached_reqs; /* of a */
    PyObject *scheduled_new_reqs, *scheduled_spec_decode_tokens; /* SchedulerOutput */
    PyObject *req_ids;         /* of CachedRequestData */
    PyObject *cudagraph_stats; /* of a ModelRunnerOutput */
    PyObject *nobody;          /* an empty tuple */
} vllm;

static struct {
    PyObject *find_gauge, *pause, *board, *settle, *record_ended; /* of whoever derives from it */
    PyObject *scheduled, *ended;
} hook;

static int
intern_step_log(void)
{
#define INTERN(name) if (!(vllm.name = PyUnicode_InternFromString(#name))) return -1
    INTERN(kv_cache_manager); INTERN(get_request_counts); INTERN(_axonize_recorder);
    INTERN(preempted_req_ids);
    INTERN(total_num_scheduled_tokens); INTERN(scheduled_cached_reqs); INTERN(scheduled_new_reqs);
    INTERN(scheduled_spec_decode_tokens); INTERN(req_ids); INTERN(cudagraph_stats);
#undef INTERN
#define INTERN(name) if (!(hook.name = PyUnicode_InternFromString("_" #name))) return -1
    INTERN(find_gauge); INTERN(pause); INTERN(board); INTERN(settle); INTERN(record_ended);
#undef INTERN
    if (!(hook.scheduled = PyUnicode_InternFromString("scheduled")) ||
        !(hook.ended = PyUnicode_InternFromString("ended")))
        return -1;
    return (vllm.nobody = PyTuple_New(0)) ? 0 : -1;
}

/* Return an attribute; where there is none or it is None, a new reference to `otherwise`. */
static PyObject *
attribute_or(PyObject *object, PyObject *name, PyObject *otherwise)
{
    PyObject *value = PyObject_GetAttr(object, name);
    if (!value && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        return Py_NewRef(otherwise);
    }
    if (value == Py_None)
        Py_SETREF(value, Py_NewRef(otherwise));
    return value;
}

/* --- a batch is scheduled --- */

static PyObject *
read_gauge(StepLog *self, PyObject *scheduler)
{
    PyObject *manager = PyObject_GetAttr(scheduler, vllm.kv_cache_manager);
    PyObject *gauge = NULL, *read = NULL;
    if (manager)
        gauge = self->gauge != Py_None
                    ? Py_NewRef(self->gauge)
                    : PyObject_CallMethodOneArg((PyObject *)self, hook.find_gauge, manager);
    if (gauge)
        read = PyObject_CallOneArg(gauge, manager);
    Py_XDECREF(gauge);
    Py_XDECREF(manager);
    return read;
}

/* Return who was preempted, told to whoever derives from this. */
static PyObject *
take_preempted(StepLog *self, PyObject *output, PyObject *start_ns)
{
    PyObject *preempted = attribute_or(output, vllm.preempted_req_ids, vllm.nobody);
    int some = preempted ? PyObject_IsTrue(preempted) : -1;
    PyObject *done = NULL;
    if (some > 0)
        done = PyObject_CallMethodObjArgs((PyObject *)self, hook.pause, preempted, start_ns, NULL);
    if (some < 0 || (some && !done))
        Py_CLEAR(preempted);
    Py_XDECREF(done);
    return preempted;
}

static PyObject *
describe_scheduled(StepLog *self, PyObject *const *args)
{
    PyObject *scheduler = args[0], *output = args[1], *start_ns = args[2], *began = args[3];
    PyObject *went = PyObject_CallNoArgs(host.monotonic_ns);
    PyObject *read = went ? read_gauge(self, scheduler) : NULL;
    PyObject *counts = read ? PyObject_CallMethodNoArgs(scheduler, vllm.get_request_counts) : NULL;
    PyObject *preempted = counts ? take_preempted(self, output, start_ns) : NULL;
    PyObject *number = preempted ? PyLong_FromLongLong(self->number) : NULL;
    PyObject *scheduled = NULL;
    if (number)
        scheduled = PyTuple_Pack(7, number, start_ns, began, went, counts, read, preempted);
    Py_XDECREF(number);
    Py_XDECREF(preempted);
    Py_XDECREF(counts);
    Py_XDECREF(read);
    Py_XDECREF(went);
    return scheduled;
}

static Signature scheduled_signature = {
    "scheduled", 4, 4, 4, {"scheduler", "output", "start_ns", "began"}, {NULL}};

static PyObject *
log_scheduled(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    StepLog *self = (StepLog *)object;
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    if (bind(&scheduled_signature, args, count, keywords, bound) < 0)
        return NULL;
    self->number++;
    PyObject *scheduled = describe_scheduled(self, bound);
    PyObject *key = scheduled ? PyLong_FromVoidPtr(bound[1]) : NULL;
    int status = key ? PyDict_SetItem(self->open, key, scheduled) : -1;
    Py_XDECREF(key);
    Py_XDECREF(scheduled);
    if (status < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* --- its results are in --- */

static int
attribute_equals(PyObject *object, PyObject *name, PyObject *value)
{
    PyObject *found = PyObject_GetAttr(object, name);
    int equal = found ? PyObject_RichCompareBool(value, found, Py_EQ) : -1;
    Py_XDECREF(found);
    return equal;
}

static int
attribute_is_empty(PyObject *object, PyObject *name)
{
    PyObject *found = PyObject_GetAttr(object, name);
    int empty = found ? PyObject_Not(found) : -1;
    Py_XDECREF(found);
    return empty;
}

/* Lists of the same strings are compared without a look at the strings. */
static int
has_request_ids(PyObject *output, PyObject *request_ids)
{
    PyObject *cached = PyObject_GetAttr(output, vllm.scheduled_cached_reqs);
    int same = cached ? attribute_equals(cached, vllm.req_ids, request_ids) : -1;
    Py_XDECREF(cached);
    return same;
}

/* Say whether the batch has the crew of the step before; -1 with an exception. */
static int
has_crew(PyObject *crew, PyObject *output)
{
    int same = PyObject_IsTrue(PyTuple_GET_ITEM(crew, LASTS));
    if (same > 0)
        same = attribute_equals(output, vllm.total_num_scheduled_tokens,
                                PyTuple_GET_ITEM(crew, TOTAL));
    if (same > 0)
        same = has_request_ids(output, PyTuple_GET_ITEM(crew, REQUEST_IDS));
    if (same > 0)
        same = attribute_is_empty(output, vllm.scheduled_new_reqs);
    if (same > 0)
        same = attribute_is_empty(output, vllm.scheduled_spec_decode_tokens);
    return same;
}

static int
find_crew(StepLog *self, PyObject *output, PyObject *made)
{
    int same = has_crew(self->crew, output);
    if (same)
        return same < 0 ? -1 : 0;
    PyObject *crew =
        PyObject_CallMethodObjArgs((PyObject *)self, hook.board, output, made, NULL);
    if (crew && (!PyTuple_Check(crew) || PyTuple_GET_SIZE(crew) < LEAST_OF_CREW)) {
        PyErr_Format(PyExc_TypeError, "not a crew: %R", crew);
        Py_CLEAR(crew);
    }
    if (!crew)
        return -1;
    Py_SETREF(self->crew, crew);
    return 0;
}

static int
note_end(StepLog *self, PyObject *scheduled, PyObject *output, PyObject *made)
{
    PyObject *now = PyObject_CallNoArgs(host.monotonic_ns);
    PyObject *graph = NULL, *ended = NULL;
    if (now && find_crew(self, output, made) == 0)
        graph = attribute_or(made, vllm.cudagraph_stats, Py_None);
    if (graph)
        ended = PyTuple_Pack(4, scheduled, now, self->crew, graph);
    int status = ended ? PyList_Append(self->ended, ended) : -1;
    Py_XDECREF(ended);
    Py_XDECREF(graph);
    Py_XDECREF(now);
    return status;
}

static PyObject *
record_or_wait(StepLog *self, PyObject *results)
{
    if (PyObject_Size(self->leaving) > 0)
        return PyObject_CallMethodOneArg((PyObject *)self, hook.settle, results);
    if (PyObject_Size(self->ended) >= self->at_once)
        return PyObject_CallMethodNoArgs((PyObject *)self, hook.record_ended);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static Signature ended_signature = {
    "ended", 3, 3, 3, {"output", "made", "results"}, {NULL}};

static PyObject *
log_ended(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    StepLog *self = (StepLog *)object;
    PyObject *bound[MOST_ARGUMENTS] = {NULL};
    if (bind(&ended_signature, args, count, keywords, bound) < 0)
        return NULL;
    PyObject *output = bound[0], *made = bound[1], *done = NULL;
    PyObject *key = PyLong_FromVoidPtr(output);
    PyObject *scheduled = key ? Py_XNewRef(PyDict_GetItemWithError(self->open, key)) : NULL;
    if (!scheduled) {
        Py_XDECREF(key);
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    /* It leaves `open` last: another thread must see it in one of the two. */
    if (note_end(self, scheduled, output, made) == 0 && PyDict_DelItem(self->open, key) == 0) {
        self->done = PyLong_AsLongLong(PyTuple_GET_ITEM(scheduled, 0));
        done = record_or_wait(self, bound[2]);
    }
    Py_DECREF(scheduled);
    Py_DECREF(key);
    return done;
}

/* --- memory --- */

static int
log_traverse(PyObject *object, visitproc visit, void *arg)
{
    StepLog *self = (StepLog *)object;
    Py_VISIT(self->open);
    Py_VISIT(self->ended);
    Py_VISIT(self->leaving);
    Py_VISIT(self->crew);
    Py_VISIT(self->gauge);
    return 0;
}

static int
log_clear(PyObject *object)
{
    StepLog *self = (StepLog *)object;
    Py_CLEAR(self->open);
    Py_CLEAR(self->ended);
    Py_CLEAR(self->leaving);
    Py_CLEAR(self->crew);
    Py_CLEAR(self->gauge);
    return 0;
}

static void
log_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    log_clear(self);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *
log_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    StepLog *self = (StepLog *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->open = PyDict_New();
    self->ended = PyList_New(0);
    self->leaving = PyList_New(0);
    self->crew = Py_BuildValue("(O[]i)", Py_False, 0);
    self->gauge = Py_NewRef(Py_None);
    self->at_once = 1;
    if (!self->open || !self->ended || !self->leaving || !self->crew)
        Py_CLEAR(self);
    return (PyObject *)self;
}

/* --- the type --- */

static PyMethodDef log_methods[] = {
    {"scheduled", FAST(log_scheduled), FAST_KEYWORDS,
     "Take a batch that has just been scheduled."},
    {"ended", FAST(log_ended), FAST_KEYWORDS, "Take a batch whose results are in."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef log_members[] = {
    {"_open", T_OBJECT_EX, offsetof(StepLog, open), READONLY, NULL},
    {"_ended", T_OBJECT_EX, offsetof(StepLog, ended), 0, NULL},
    {"_leaving", T_OBJECT_EX, offsetof(StepLog, leaving), 0, NULL},
    {"_gauge", T_OBJECT_EX, offsetof(StepLog, gauge), 0, NULL},
    {"_number", T_LONGLONG, offsetof(StepLog, number), READONLY, NULL},
    {"_done", T_LONGLONG, offsetof(StepLog, done), READONLY, NULL},
    {"_at_once", T_PYSSIZET, offsetof(StepLog, at_once), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyTypeObject StepLog_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "axonize._core.StepLog",
    .tp_doc = "Notes the steps of one scheduler; whoever derives from it says what follows.",
    .tp_basicsize = sizeof(StepLog),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = log_new,
    .tp_dealloc = log_dealloc,
    .tp_free = PyObject_GC_Del,
    .tp_traverse = log_traverse,
    .tp_clear = log_clear,
    .tp_methods = log_methods,
    .tp_members = log_members,
};
