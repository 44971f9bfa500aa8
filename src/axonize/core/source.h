/* Clocks and ids. */

static struct {
    PyObject *clock;   /* stand-ins for tests, else NULL */
    PyObject *next_id;
} test_source;

/* --- clocks: nanoseconds --- */

static inline int64_t
clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Read a time given from Python; -1 with an exception when it is none. */
static int
time_from(PyObject *number, int64_t *time)
{
    long long value = PyLong_AsLongLong(number);
    if (value < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "a time is nanoseconds since the Unix epoch");
        return -1;
    }
    *time = value;
    return 0;
}

static int
test_time(int64_t *time)
{
    PyObject *number = PyObject_CallNoArgs(test_source.clock);
    int status = number ? time_from(number, time) : -1;
    Py_XDECREF(number);
    return status;
}

/* --- ids --- */

/* A counter, run through a bijective mixer under a random key: no lock, no id twice in 2**64, and
   two processes share ids only if their keys do. The mixer is the finalizer of SplitMix64 (Steele,
   Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static _Atomic uint64_t id_keys[3];
static _Atomic uint64_t id_counter;

static inline uint64_t
mixed(uint64_t key, uint64_t count)
{
    uint64_t z = key + count * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static inline uint64_t
id_key(int which)
{
    return atomic_load_explicit(&id_keys[which], memory_order_relaxed);
}

static inline uint64_t
count_id(void)
{
    return atomic_fetch_add_explicit(&id_counter, 1, memory_order_relaxed);
}

static inline uint64_t
random_span_id(void)
{
    uint64_t id;
    do
        id = mixed(id_key(0), count_id());
    while (UNLIKELY(id == 0));
    return id;
}

static inline void
random_trace_id(uint64_t *high, uint64_t *low)
{
    uint64_t count = count_id();
    *high = mixed(id_key(1), count);
    *low = mixed(id_key(2), count) | (UNLIKELY(*high == 0) ? 1 : 0);
}

static int
reseed_ids(void)
{
    PyObject *urandom = imported("os", "urandom");
    PyObject *seed = urandom ? PyObject_CallFunction(urandom, "n", (Py_ssize_t)24) : NULL;
    Py_XDECREF(urandom);
    if (!seed || !PyBytes_Check(seed) || PyBytes_GET_SIZE(seed) != 24) {
        Py_XDECREF(seed);
        return -1;
    }
    for (int i = 0; i < 3; i++) {
        uint64_t key;
        memcpy(&key, PyBytes_AS_STRING(seed) + 8 * i, 8);
        atomic_store_explicit(&id_keys[i], key, memory_order_relaxed);
    }
    Py_DECREF(seed);
    return 0;
}

/* Take an id from the test source: its low 128 bits. */
static int
test_id(uint64_t *high, uint64_t *low)
{
    PyObject *number = PyObject_CallNoArgs(test_source.next_id);
    PyObject *shift = number ? PyLong_FromLong(64) : NULL;
    PyObject *upper = shift ? PyNumber_Rshift(number, shift) : NULL;
    int status = -1;
    if (upper) {
        *low = PyLong_AsUnsignedLongLongMask(number);
        *high = PyLong_AsUnsignedLongLongMask(upper);
        status = PyErr_Occurred() ? -1 : 0;
    }
    Py_XDECREF(number);
    Py_XDECREF(shift);
    Py_XDECREF(upper);
    return status;
}

static int
new_trace_id(uint64_t *high, uint64_t *low)
{
    if (UNLIKELY(test_source.next_id != NULL))
        return test_id(high, low);
    random_trace_id(high, low);
    return 0;
}

static int
new_span_id(uint64_t *id)
{
    uint64_t ignored;
    if (UNLIKELY(test_source.next_id != NULL))
        return test_id(&ignored, id);
    *id = random_span_id();
    return 0;
}

/* --- ids as hexadecimal text --- */

static void
write_hex(char *digits, uint64_t id)
{
    for (int i = 15; i >= 0; i--, id >>= 4)
        digits[i] = "0123456789abcdef"[id & 15];
}

static int
read_hex(const char *digits, uint64_t *id)
{
    *id = 0;
    for (int i = 0; i < 16; i++) {
        int digit = digits[i];
        if (digit >= '0' && digit <= '9')
            digit -= '0';
        else if ((digit | 32) >= 'a' && (digit | 32) <= 'f')
            digit = (digit | 32) - 'a' + 10;
        else
            return -1;
        *id = *id << 4 | (uint64_t)digit;
    }
    return 0;
}

/* Read an attribute of a context as `words` 64-bit words of hexadecimal digits. */
static int
read_id(PyObject *context, PyObject *attribute, int words, uint64_t *id)
{
    PyObject *digits = PyObject_GetAttr(context, attribute);
    Py_ssize_t length = 0;
    const char *bytes = digits ? PyUnicode_AsUTF8AndSize(digits, &length) : NULL;
    int status = bytes && length == 16 * words ? 0 : -1;
    for (int i = 0; i < words && status == 0; i++)
        status = read_hex(bytes + 16 * i, &id[i]);
    if (status < 0 && !PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "not the %U of a span: %R", attribute, digits);
    Py_XDECREF(digits);
    return status;
}
