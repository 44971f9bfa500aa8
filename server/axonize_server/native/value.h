/* Attribute values: what is read of them, and their text. See axonize_server.ingest.attributes. */

#define MOST_DEPTH 16
#define MOST_PAIRS 32 /* of a key-value list in an array or another list: its keys are compared */

typedef struct {
    char letter; /* of the type, as in the columns `*_types` */
    Slice content;
    int64_t integer;
    double number;
} Value;

typedef struct {
    Slice key;
    Value value;
} Pair;

/* Text, a number or a boolean, which columns take. */
static inline int
is_scalar(const Value *value)
{
    return value->letter == 's' || value->letter == 'i' || value->letter == 'd' ||
           value->letter == 'b';
}

typedef struct {
    size_t parsed; /* about how much memory the messages take, as bounds.py counts it */
    size_t message_bytes, most_parsed;
    Buffer json;
    Replaced *replaced;
    char digits[MOST_NUMBER_BYTES];
} Scratch;

static inline Slice
read_text(Scratch *scratch, Reader *reader)
{
    Slice text = read_bytes(reader);
    return valid_bytes(text) == text.length ? text : replace_text(&scratch->replaced, text);
}

static inline Reader
open_message(Scratch *scratch, Slice message)
{
    scratch->parsed += scratch->message_bytes;
    if (UNLIKELY(scratch->parsed > scratch->most_parsed))
        fail(UNUSUAL);
    return reader_of(message);
}

static void
read_value(Scratch *scratch, Slice message, Value *value)
{
    Reader reader = open_message(scratch, message);
    for (uint32_t tag; (tag = next_field(&reader));) {
        if (UNLIKELY(value->letter == 'a' || value->letter == 'm'))
            stop(&reader); /* a list, which another value would be joined to or hide */
        switch (tag) {
        case LENGTH(1): value->letter = 's'; value->content = read_text(scratch, &reader); break;
        case VARINT(2): value->letter = 'b'; value->integer = read_varint(&reader) != 0; break;
        case VARINT(3): value->letter = 'i'; value->integer = (int64_t)read_varint(&reader); break;
        case FIXED64(4): {
            uint64_t bits = read_fixed(&reader, 8);
            value->letter = 'd';
            memcpy(&value->number, &bits, 8);
            break;
        }
        case LENGTH(5): value->letter = 'a'; value->content = read_bytes(&reader); break;
        case LENGTH(6): value->letter = 'm'; value->content = read_bytes(&reader); break;
        case LENGTH(7): value->letter = 'x'; value->content = read_bytes(&reader); break;
        default: stop(&reader); /* another kind of value */
        }
    }
}

static void
read_pair(Scratch *scratch, Slice message, Pair *pair)
{
    Reader reader = open_message(scratch, message);
    int values = 0;
    *pair = (Pair){{NULL, 0}, {'n', {NULL, 0}, 0, 0}};
    for (uint32_t tag; (tag = next_field(&reader));) {
        if (tag == LENGTH(1))
            pair->key = read_text(scratch, &reader);
        else if (tag == LENGTH(2) && !values++)
            read_value(scratch, read_bytes(&reader), &pair->value);
        else if (tag == LENGTH(2))
            stop(&reader);
        else
            skip(&reader, tag);
    }
}

/* --- JSON --- */

static void
put_json_text(Buffer *json, Slice text)
{
    static const char ESCAPED[] = "\"\\\b\f\n\r\t", LETTERS[] = "\"\\bfnrt";
    put_byte(json, '"');
    size_t plain = 0; /* where what needs no escape begins */
    for (size_t i = 0; i < text.length; i++) {
        uint8_t byte = text.bytes[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        put(json, text.bytes + plain, i - plain);
        plain = i + 1;
        const char *escaped = byte ? strchr(ESCAPED, byte) : NULL;
        char code[8] = {'\\', escaped ? LETTERS[escaped - ESCAPED] : 0};
        if (!escaped)
            snprintf(code, sizeof code, "\\u%04x", byte);
        put(json, code, escaped ? 2 : 6);
    }
    put(json, text.bytes + plain, text.length - plain);
    put_byte(json, '"');
}

static void
put_base64(Buffer *json, Slice content)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < content.length; i += 3) {
        size_t rest = content.length - i;
        uint32_t three = (uint32_t)content.bytes[i] << 16 |
                         (rest > 1 ? (uint32_t)content.bytes[i + 1] << 8 : 0) |
                         (rest > 2 ? content.bytes[i + 2] : 0);
        for (size_t digit = 0; digit < 4; digit++)
            put_byte(json, digit > rest ? '=' : (uint8_t)DIGITS[three >> (18 - 6 * digit) & 63]);
    }
}

static void put_json(Scratch *scratch, const Value *value, int depth);

static void
put_json_array(Scratch *scratch, Slice message, int depth)
{
    Reader reader = open_message(scratch, message);
    char separator = '[';
    for (uint32_t tag; (tag = next_field(&reader));) {
        if (tag != LENGTH(1)) {
            skip(&reader, tag);
            continue;
        }
        Value element = {'n', {NULL, 0}, 0, 0};
        read_value(scratch, read_bytes(&reader), &element);
        put_byte(&scratch->json, (uint8_t)separator);
        put_json(scratch, &element, depth);
        separator = ',';
    }
    put(&scratch->json, "[]", separator == '[' ? 2 : 0);
    put(&scratch->json, "]", separator == ',');
}

/* A key that is there twice has its last value, so it is left to the other decoder. */
static void
check_new_key(const Slice *keys, int count, Slice key)
{
    if (count == MOST_PAIRS)
        fail(UNUSUAL);
    for (int i = 0; i < count; i++) {
        if (same(keys[i], key))
            fail(UNUSUAL);
    }
}

static void
put_json_pairs(Scratch *scratch, Slice message, int depth)
{
    Reader reader = open_message(scratch, message);
    Slice keys[MOST_PAIRS];
    int count = 0;
    for (uint32_t tag; fault == FINE && (tag = next_field(&reader));) {
        if (tag != LENGTH(1)) {
            skip(&reader, tag);
            continue;
        }
        Pair pair;
        read_pair(scratch, read_bytes(&reader), &pair);
        check_new_key(keys, count, pair.key);
        if (fault != FINE)
            return;
        put_byte(&scratch->json, count ? ',' : '{');
        keys[count++] = pair.key;
        put_json_text(&scratch->json, pair.key);
        put_byte(&scratch->json, ':');
        put_json(scratch, &pair.value, depth);
    }
    put(&scratch->json, "{}", count ? 0 : 2);
    put(&scratch->json, "}", count > 0);
}

static void
put_json_number(Buffer *json, double number)
{
    if (isnan(number))
        put(json, "\"NaN\"", 5);
    else if (isinf(number))
        put(json, number > 0 ? "\"Infinity\"" : "\"-Infinity\"", number > 0 ? 10 : 11);
    else {
        char digits[MOST_NUMBER_BYTES];
        put(json, digits, write_double(digits, number, &PYTHON_STYLE));
    }
}

static void
put_json(Scratch *scratch, const Value *value, int depth)
{
    Buffer *json = &scratch->json;
    char digits[MOST_NUMBER_BYTES];
    if (depth > MOST_DEPTH) {
        fail(UNUSUAL);
        return;
    }
    switch (value->letter) {
    case 's': put_json_text(json, value->content); break;
    case 'b': put(json, value->integer ? "true" : "false", value->integer ? 4 : 5); break;
    case 'i': put(json, digits, write_integer(digits, value->integer)); break;
    case 'd': put_json_number(json, value->number); break;
    case 'a': put_json_array(scratch, value->content, depth + 1); break;
    case 'm': put_json_pairs(scratch, value->content, depth + 1); break;
    case 'x':
        put(json, "{\"bytes\":\"", 10);
        put_base64(json, value->content);
        put(json, "\"}", 2);
        break;
    default: put(json, "null", 4);
    }
}

/* --- text --- */

static Slice
hexadecimal(Scratch *scratch, Slice content)
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < content.length; i++) {
        put_byte(&scratch->json, (uint8_t)DIGITS[content.bytes[i] >> 4]);
        put_byte(&scratch->json, (uint8_t)DIGITS[content.bytes[i] & 15]);
    }
    return (Slice){scratch->json.bytes, scratch->json.length};
}

/* Return the text of a value, good until the next one is asked for. */
static inline Slice
text_of(Scratch *scratch, const Value *value)
{
    const uint8_t *digits = (const uint8_t *)scratch->digits;
    scratch->json.length = 0;
    switch (value->letter) {
    case 's': return value->content;
    case 'b': return slice_of(value->integer ? "true" : "false");
    case 'i': return (Slice){digits, write_integer(scratch->digits, value->integer)};
    case 'd': return (Slice){digits, write_double(scratch->digits, value->number, &ARROW_STYLE)};
    case 'x': return hexadecimal(scratch, value->content);
    case 'a': case 'm':
        put_json(scratch, value, 0);
        return (Slice){scratch->json.bytes, scratch->json.length};
    default: return (Slice){NULL, 0};
    }
}
