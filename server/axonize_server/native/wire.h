/* Reads Protocol Buffers. What a reader of OTLP seldom meets (a group, a number written longer than
   it needs to be, a length past the end) ends the message and is left to the other decoder. */

typedef struct {
    const uint8_t *at, *end;
} Reader;

/* Tags: number * 8 + wire type. */
#define VARINT(number) ((number) << 3)
#define FIXED64(number) ((number) << 3 | 1)
#define LENGTH(number) ((number) << 3 | 2)
#define FIXED32(number) ((number) << 3 | 5)

static inline Reader
reader_of(Slice message)
{
    return (Reader){message.bytes, message.bytes + message.length};
}

static uint64_t
stop(Reader *reader)
{
    fail(UNUSUAL);
    reader->at = reader->end;
    return 0;
}

static uint64_t
read_long_varint(Reader *reader, int most_bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < most_bytes && reader->at < reader->end; i++) {
        uint8_t byte = *reader->at++;
        number |= (uint64_t)(byte & 0x7F) << 7 * i;
        if (byte < 0x80)
            return number;
    }
    return stop(reader);
}

static inline uint64_t
read_varint(Reader *reader)
{
    if (reader->at < reader->end && *reader->at < 0x80)
        return *reader->at++;
    return read_long_varint(reader, 10);
}

static inline Slice
read_bytes(Reader *reader)
{
    size_t length = reader->at < reader->end && *reader->at < 0x80
                        ? *reader->at++
                        : (size_t)read_long_varint(reader, 5);
    if (UNLIKELY(length > (size_t)(reader->end - reader->at))) {
        stop(reader);
        length = 0;
    }
    Slice bytes = {reader->at, length};
    reader->at += length;
    return bytes;
}

static inline uint64_t
read_fixed(Reader *reader, size_t size)
{
    if (UNLIKELY((size_t)(reader->end - reader->at) < size))
        return stop(reader);
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number |= (uint64_t)reader->at[i] << 8 * i;
    reader->at += size;
    return number;
}

/* Return the tag of the next field, 0 at the end. */
static inline uint32_t
next_field(Reader *reader)
{
    if (reader->at >= reader->end)
        return 0;
    uint64_t tag = *reader->at < 0x80 ? *reader->at++ : read_long_varint(reader, 5);
    return UNLIKELY(tag < 8 || tag > UINT32_MAX) ? (uint32_t)stop(reader) : (uint32_t)tag;
}

static void
skip(Reader *reader, uint32_t tag)
{
    switch (tag & 7) {
    case 0: read_varint(reader); break;
    case 1: read_fixed(reader, 8); break;
    case 2: read_bytes(reader); break;
    case 5: read_fixed(reader, 4); break;
    default: stop(reader);
    }
}
