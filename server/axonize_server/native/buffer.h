/* Bytes: slices of a request, and buffers that grow.

   What goes wrong is kept in `fault` until the request ends, so that readers and writers need no
   checks of their own: they do nothing harmful with what is damaged, and its rows are taken back. */

#if defined(__GNUC__)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#else
#define UNLIKELY(condition) (condition)
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the Native format is little endian; the decoder in Python serves here"
#endif

enum { FINE, UNUSUAL, NO_MEMORY };

static _Thread_local int fault;

static void
fail(int what)
{
    if (fault != NO_MEMORY)
        fault = what;
}

typedef struct {
    const uint8_t *bytes;
    size_t length;
} Slice;

static inline int
same(Slice one, Slice other)
{
    return one.length == other.length &&
           (!one.length || !memcmp(one.bytes, other.bytes, one.length));
}

static inline Slice
slice_of(const char *text)
{
    return (Slice){(const uint8_t *)text, strlen(text)};
}

/* The slice without its first bytes, of which there are so many. */
static inline Slice
after(Slice slice, size_t count)
{
    return (Slice){slice.bytes + count, slice.length - count};
}

typedef struct {
    uint8_t *bytes;
    size_t length, capacity;
    int is_fixed; /* the bytes are another's */
} Buffer;

/* Tests let an allocation fail, after so many others; never while this is negative. */
static _Thread_local long allocations_left = -1;

/* What realloc does; without memory the old one stays. */
static void *
allocate(void *memory, size_t size)
{
    int refused = allocations_left >= 0 && !allocations_left--;
    void *allocated = refused ? NULL : realloc(memory, size);
    if (!allocated)
        fail(NO_MEMORY);
    return allocated;
}

static int
grow(Buffer *buffer, size_t more)
{
    size_t capacity = (buffer->capacity + more) * 2;
    if (buffer->is_fixed) {
        fail(NO_MEMORY);
        return 0;
    }
    uint8_t *bytes = allocate(buffer->bytes, capacity);
    if (!bytes)
        return 0;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return 1;
}

/* Make room; 0 when there is none. */
static inline int
reserve(Buffer *buffer, size_t more)
{
    return buffer->capacity - buffer->length >= more || grow(buffer, more);
}

static inline void
put(Buffer *buffer, const void *bytes, size_t length)
{
    if (length && reserve(buffer, length)) {
        memcpy(buffer->bytes + buffer->length, bytes, length);
        buffer->length += length;
    }
}

static inline void
put_zeros(Buffer *buffer, size_t length)
{
    if (reserve(buffer, length)) {
        memset(buffer->bytes + buffer->length, 0, length);
        buffer->length += length;
    }
}

static inline void
put_byte(Buffer *buffer, uint8_t byte)
{
    put(buffer, &byte, 1);
}

static inline void
put_u32(Buffer *buffer, uint32_t number)
{
    put(buffer, &number, 4);
}

static inline void
put_u64(Buffer *buffer, uint64_t number)
{
    put(buffer, &number, 8);
}

/* A text as ClickHouse writes it: its length as a varint, and its bytes. */
static inline void
put_text(Buffer *buffer, Slice text)
{
    if (!reserve(buffer, text.length + 10))
        return;
    size_t rest = text.length;
    for (; rest >= 0x80; rest >>= 7)
        buffer->bytes[buffer->length++] = (uint8_t)(rest | 0x80);
    buffer->bytes[buffer->length++] = (uint8_t)rest;
    if (text.length)
        memcpy(buffer->bytes + buffer->length, text.bytes, text.length);
    buffer->length += text.length;
}
