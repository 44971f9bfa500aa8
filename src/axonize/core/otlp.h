/* Spans to OTLP protobuf, byte for byte as axonize.otlp does it.

   A field's tag is its number * 8 + its wire type: 0 varint, 1 fixed64, 2 length, 5 fixed32. */

/* A long tuple as it was written: spans that follow each other may share it. */
typedef struct {
    PyObject *tuple;
    uint8_t *bytes;
    size_t length;
} Written;

#define KEPT_TUPLES 8
#define LONG_TUPLE 8

typedef struct {
    uint8_t *bytes;
    size_t length, capacity;
    Written kept[KEPT_TUPLES];
    unsigned int keeps;
} Writer;

static int
reserve(Writer *writer, size_t more)
{
    if (writer->capacity - writer->length >= more)
        return 0;
    size_t capacity = (writer->capacity + more) * 2;
    uint8_t *bytes = PyMem_Realloc(writer->bytes, capacity);
    if (!bytes) {
        PyErr_NoMemory();
        return -1;
    }
    writer->bytes = bytes;
    writer->capacity = capacity;
    return 0;
}

/* --- fields --- */

#define MOST_VARINT_BYTES 10
#define TRY(action) if (UNLIKELY((action) < 0)) return -1

static inline size_t
put_varint(uint8_t *bytes, uint64_t number)
{
    size_t length = 0;
    for (; number >= 0x80; number >>= 7)
        bytes[length++] = (uint8_t)(number | 0x80);
    bytes[length++] = (uint8_t)number;
    return length;
}

static int
write_varint(Writer *writer, uint8_t tag, uint64_t number)
{
    TRY(reserve(writer, 1 + MOST_VARINT_BYTES));
    writer->bytes[writer->length++] = tag;
    writer->length += put_varint(writer->bytes + writer->length, number);
    return 0;
}

static inline void
put_fixed(Writer *writer, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        writer->bytes[writer->length++] = (uint8_t)(number >> 8 * i);
}

static int
write_fixed64(Writer *writer, uint8_t tag, uint64_t number)
{
    TRY(reserve(writer, 9));
    writer->bytes[writer->length++] = tag;
    put_fixed(writer, number, 8);
    return 0;
}

static int
write_bytes(Writer *writer, uint8_t tag, const char *bytes, size_t length)
{
    TRY(reserve(writer, 1 + MOST_VARINT_BYTES + length));
    writer->bytes[writer->length++] = tag;
    writer->length += put_varint(writer->bytes + writer->length, length);
    memcpy(writer->bytes + writer->length, bytes, length);
    writer->length += length;
    return 0;
}

static int
write_id(Writer *writer, uint8_t tag, const uint64_t *words, int count)
{
    TRY(reserve(writer, 2 + 8 * (size_t)count));
    writer->bytes[writer->length++] = tag;
    writer->bytes[writer->length++] = (uint8_t)(8 * count);
    for (int i = 0; i < count; i++) {
        for (int shift = 56; shift >= 0; shift -= 8)
            writer->bytes[writer->length++] = (uint8_t)(words[i] >> shift);
    }
    return 0;
}

static int
write_text(Writer *writer, uint8_t tag, PyObject *string)
{
    if (PyUnicode_IS_COMPACT_ASCII(string))
        return write_bytes(writer, tag, (const char *)PyUnicode_1BYTE_DATA(string),
                           (size_t)PyUnicode_GET_LENGTH(string));
    PyObject *utf8 = PyUnicode_AsUTF8String(string);
    if (!utf8 && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) { /* a lone surrogate */
        PyErr_Clear();
        utf8 = PyUnicode_AsEncodedString(string, "utf-8", "replace");
    }
    int status = -1;
    if (utf8)
        status = write_bytes(writer, tag, PyBytes_AS_STRING(utf8), (size_t)PyBytes_GET_SIZE(utf8));
    Py_XDECREF(utf8);
    return status;
}

/* What has the default value of its type is left out, as protobuf does. */

static int
write_text_unless_empty(Writer *writer, uint8_t tag, PyObject *string)
{
    return string && PyUnicode_GET_LENGTH(string) ? write_text(writer, tag, string) : 0;
}

static int
write_count(Writer *writer, uint8_t tag, uint64_t count)
{
    return count ? write_varint(writer, tag, count) : 0;
}

static int
write_time(Writer *writer, uint8_t tag, int64_t time)
{
    return time ? write_fixed64(writer, tag, (uint64_t)time) : 0;
}

/* --- messages in messages: the length is put in when it is known --- */

static int
open_message(Writer *writer, uint8_t tag, size_t *start)
{
    TRY(reserve(writer, 2));
    writer->bytes[writer->length] = tag;
    *start = writer->length += 2; /* one byte of length is enough for most */
    return 0;
}

static int
close_message(Writer *writer, size_t start)
{
    size_t length = writer->length - start;
    if (length < 0x80) {
        writer->bytes[start - 1] = (uint8_t)length;
        return 0;
    }
    uint8_t varint[MOST_VARINT_BYTES];
    size_t varint_length = put_varint(varint, length);
    TRY(reserve(writer, varint_length));
    memmove(writer->bytes + start + varint_length - 1, writer->bytes + start, length);
    memcpy(writer->bytes + start - 1, varint, varint_length);
    writer->length += varint_length - 1;
    return 0;
}

/* --- values --- */

static int write_any_value(Writer *writer, uint8_t tag, PyObject *value);

static int
append(Writer *writer, const uint8_t *bytes, size_t length)
{
    TRY(reserve(writer, length));
    memcpy(writer->bytes + writer->length, bytes, length);
    writer->length += length;
    return 0;
}

/* Keep what was written of a tuple, in the place of the one kept longest. */
static int
keep(Writer *writer, PyObject *tuple, const uint8_t *bytes, size_t length)
{
    Written *place = &writer->kept[writer->keeps++ % KEPT_TUPLES];
    uint8_t *copy = PyMem_Realloc(place->bytes, length);
    if (!copy) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(copy, bytes, length);
    Py_XSETREF(place->tuple, Py_NewRef(tuple));
    place->bytes = copy;
    place->length = length;
    return 0;
}

static int
write_long_tuple(Writer *writer, PyObject *tuple)
{
    for (int i = 0; i < KEPT_TUPLES; i++) {
        if (writer->kept[i].tuple == tuple)
            return append(writer, writer->kept[i].bytes, writer->kept[i].length);
    }
    size_t start = writer->length;
    TRY(write_any_value(writer, 0x12, tuple));
    return keep(writer, tuple, writer->bytes + start, writer->length - start);
}

static int
write_key_value(Writer *writer, uint8_t tag, PyObject *key, PyObject *value)
{
    size_t start;
    int is_long = PyTuple_CheckExact(value) && PyTuple_GET_SIZE(value) >= LONG_TUPLE;
    TRY(open_message(writer, tag, &start));
    TRY(write_text_unless_empty(writer, 0x0A, key));
    TRY(is_long ? write_long_tuple(writer, value) : write_any_value(writer, 0x12, value));
    return close_message(writer, start);
}

static void
release_writer(Writer *writer)
{
    PyMem_Free(writer->bytes);
    for (int i = 0; i < KEPT_TUPLES; i++) {
        Py_XDECREF(writer->kept[i].tuple);
        PyMem_Free(writer->kept[i].bytes);
    }
}

static int
write_dict(Writer *writer, uint8_t tag, PyObject *dict)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    int status = 0;
    Py_BEGIN_CRITICAL_SECTION(dict);
    while (status == 0 && PyDict_Next(dict, &position, &key, &value))
        status = write_key_value(writer, tag, key, value);
    Py_END_CRITICAL_SECTION();
    return status;
}

static int
write_elements(Writer *writer, PyObject *tuple)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++)
        TRY(write_any_value(writer, 0x0A, PyTuple_GET_ITEM(tuple, i)));
    return 0;
}

static int
write_container(Writer *writer, PyObject *value)
{
    size_t start;
    int is_tuple = PyTuple_CheckExact(value);
    TRY(open_message(writer, is_tuple ? 0x2A : 0x32, &start));
    TRY(is_tuple ? write_elements(writer, value) : write_dict(writer, 0x0A, value));
    return close_message(writer, start);
}

/* An integer beyond 64 bits becomes text: decimal, or hexadecimal where Python refuses decimal. */
static int
write_huge_integer(Writer *writer, PyObject *number)
{
    PyObject *digits = PyObject_Str(number);
    if (!digits && PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        digits = PyNumber_ToBase(number, 16);
    }
    int status = digits ? write_text(writer, 0x0A, digits) : -1;
    Py_XDECREF(digits);
    return status;
}

static int
write_integer(Writer *writer, PyObject *number)
{
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow)
        return write_huge_integer(writer, number);
    return write_varint(writer, 0x18, (uint64_t)value);
}

static int
write_float(Writer *writer, PyObject *number)
{
    double value = PyFloat_AS_DOUBLE(number);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return write_fixed64(writer, 0x21, bits);
}

static int
write_value(Writer *writer, PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyUnicode_Type)
        return write_text(writer, 0x0A, value);
    if (type == &PyLong_Type)
        return write_integer(writer, value);
    if (type == &PyFloat_Type)
        return write_float(writer, value);
    if (type == &PyBool_Type)
        return write_varint(writer, 0x10, value == Py_True);
    if (type == &PyBytes_Type)
        return write_bytes(writer, 0x3A, PyBytes_AS_STRING(value),
                           (size_t)PyBytes_GET_SIZE(value));
    if (type == &PyTuple_Type || type == &PyDict_Type)
        return write_container(writer, value);
    return 0; /* None: a value that is not set */
}

static int
write_any_value(Writer *writer, uint8_t tag, PyObject *value)
{
    size_t start;
    TRY(open_message(writer, tag, &start));
    TRY(write_value(writer, value));
    return close_message(writer, start);
}

/* --- the span --- */

static int
write_attributes(Writer *writer, const Attributes *attributes)
{
    for (uint32_t i = 0; i < attributes->count; i++) {
        const Attribute *attribute = &attributes->items[i];
        TRY(write_key_value(writer, 0x4A, attribute->key, attribute->value));
    }
    return 0;
}

static int
write_event(Writer *writer, PyObject *event)
{
    size_t start;
    TRY(open_message(writer, 0x5A, &start));
    TRY(write_time(writer, 0x09, PyLong_AsLongLong(PyTuple_GET_ITEM(event, 1))));
    TRY(write_text_unless_empty(writer, 0x12, PyTuple_GET_ITEM(event, 0)));
    TRY(write_dict(writer, 0x1A, PyTuple_GET_ITEM(event, 2)));
    return close_message(writer, start);
}

static int
write_flags(Writer *writer, PyObject *context)
{
    PyObject *number = PyObject_GetAttr(context, text.trace_flags);
    unsigned long flags = number ? PyLong_AsUnsignedLongMask(number) : 0;
    Py_XDECREF(number);
    if (PyErr_Occurred())
        return -1;
    if (!flags)
        return 0;
    TRY(reserve(writer, 5));
    writer->bytes[writer->length++] = 0x35;
    put_fixed(writer, flags, 4);
    return 0;
}

static int
write_link(Writer *writer, PyObject *link)
{
    PyObject *context = PyTuple_GET_ITEM(link, 0);
    uint64_t trace_id[2], span_id;
    size_t start;
    TRY(read_id(context, text.trace_id, 2, trace_id));
    TRY(read_id(context, text.span_id, 1, &span_id));
    TRY(open_message(writer, 0x6A, &start));
    TRY(write_id(writer, 0x0A, trace_id, 2));
    TRY(write_id(writer, 0x12, &span_id, 1));
    PyObject *trace_state = PyObject_GetAttr(context, text.trace_state);
    int status = trace_state ? write_text_unless_empty(writer, 0x1A, trace_state) : -1;
    Py_XDECREF(trace_state);
    TRY(status);
    TRY(write_dict(writer, 0x22, PyTuple_GET_ITEM(link, 1)));
    TRY(write_flags(writer, context));
    return close_message(writer, start);
}

static int
write_list(Writer *writer, PyObject *list, int (*write_entry)(Writer *, PyObject *))
{
    for (Py_ssize_t i = 0; list && i < PyList_GET_SIZE(list); i++)
        TRY(write_entry(writer, PyList_GET_ITEM(list, i)));
    return 0;
}

static int
write_status(Writer *writer, const Span *span)
{
    size_t start;
    if (span->status == UNSET)
        return 0;
    TRY(open_message(writer, 0x7A, &start));
    TRY(write_text_unless_empty(writer, 0x12, span->status_message));
    TRY(write_varint(writer, 0x18, span->status));
    return close_message(writer, start);
}

static int
write_sampled_flag(Writer *writer, const Span *span)
{
    if (span->pending)
        return 0;
    TRY(reserve(writer, 6));
    writer->bytes[writer->length++] = 0x85; /* field 16, so a tag of two bytes */
    writer->bytes[writer->length++] = 0x01;
    put_fixed(writer, 1, 4);
    return 0;
}

static int
write_span(Writer *writer, const Span *span)
{
    size_t start;
    TRY(open_message(writer, 0x12, &start));
    TRY(write_id(writer, 0x0A, span->trace_id, 2));
    TRY(write_id(writer, 0x12, &span->span_id, 1));
    TRY(write_text_unless_empty(writer, 0x1A, span->trace_state));
    if (span->parent_span_id)
        TRY(write_id(writer, 0x22, &span->parent_span_id, 1));
    TRY(write_text_unless_empty(writer, 0x2A, span->name));
    TRY(write_varint(writer, 0x30, span->kind + 1u));
    TRY(write_time(writer, 0x39, span->start_ns));
    TRY(write_time(writer, 0x41, span->end_ns));
    TRY(write_attributes(writer, &span->attributes));
    TRY(write_count(writer, 0x50, span->attributes.dropped));
    TRY(write_list(writer, span->events, write_event));
    TRY(write_count(writer, 0x60, span->dropped_events));
    TRY(write_list(writer, span->links, write_link));
    TRY(write_count(writer, 0x70, span->dropped_links));
    TRY(write_status(writer, span));
    TRY(write_sampled_flag(writer, span));
    return close_message(writer, start);
}

/* --- encode_spans --- */

/* A span of the Python version: let that version encode it. */
static int
write_foreign(Writer *writer, PyObject *span)
{
    PyObject *encode = imported("axonize.otlp", "encode_spans");
    PyObject *encoded = encode ? PyObject_CallFunction(encode, "((O))", span) : NULL;
    char *bytes;
    Py_ssize_t length;
    int status = encoded ? PyBytes_AsStringAndSize(encoded, &bytes, &length) : -1;
    if (status == 0)
        status = append(writer, (const uint8_t *)bytes, (size_t)length);
    Py_XDECREF(encode);
    Py_XDECREF(encoded);
    return status;
}

static int
encode_one(Writer *writer, PyObject *span)
{
    size_t before = writer->length;
    int status;
    if (is_span(span)) {
        Py_BEGIN_CRITICAL_SECTION(span);
        status = write_span(writer, (Span *)span);
        Py_END_CRITICAL_SECTION();
    } else {
        status = write_foreign(writer, span);
    }
    if (status == 0)
        return 0;
    writer->length = before;
    return guard();
}

static PyObject *
core_encode_spans(PyObject *Py_UNUSED(module), PyObject *spans)
{
    Writer writer = {.bytes = NULL};
    PyObject *tuple = PySequence_Tuple(spans);
    int status = tuple ? reserve(&writer, 256 * (size_t)PyTuple_GET_SIZE(tuple)) : -1;
    for (Py_ssize_t i = 0; status == 0 && i < PyTuple_GET_SIZE(tuple); i++)
        status = encode_one(&writer, PyTuple_GET_ITEM(tuple, i));
    PyObject *encoded = NULL;
    if (status == 0)
        encoded = PyBytes_FromStringAndSize((char *)writer.bytes, (Py_ssize_t)writer.length);
    release_writer(&writer);
    Py_XDECREF(tuple);
    return encoded;
}
