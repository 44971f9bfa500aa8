/* Text that is not UTF-8: what is wrong becomes U+FFFD, as Python's "replace" has it. */

/* Return the size of the character that the text begins with; when it is none, the negative size
   of what is to be replaced: the bytes that could have begun one. At least one byte is there. */
static int
character_size(Slice text)
{
    uint8_t first = text.bytes[0];
    if (first < 0x80)
        return 1;
    int size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (!size)
        return -1;
    /* No number written longer than it needs to be, no surrogate, nothing past U+10FFFF. */
    uint8_t lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    for (int i = 1; i < size; i++, lowest = 0x80, highest = 0xBF) {
        if ((size_t)i == text.length || text.bytes[i] < lowest || text.bytes[i] > highest)
            return -i;
    }
    return size;
}

/* Return how many bytes at the begin are UTF-8. */
static inline size_t
valid_bytes(Slice text)
{
    size_t at = 0;
    while (at < text.length) {
        uint64_t eight;
        if (text.length - at >= 8 &&
            (memcpy(&eight, text.bytes + at, 8), !(eight & 0x8080808080808080u))) {
            at += 8;
            continue;
        }
        int size = text.bytes[at] < 0x80 ? 1 : character_size(after(text, at));
        if (size < 0)
            break;
        at += (size_t)size;
    }
    return at;
}

/* Texts that were replaced; they live as long as the request. */
typedef struct Replaced {
    struct Replaced *previous;
    uint8_t bytes[];
} Replaced;

static Slice
replace_text(Replaced **all, Slice text)
{
    static const char REPLACEMENT[] = "\xEF\xBF\xBD";
    Replaced *replaced = allocate(NULL, sizeof *replaced + 3 * text.length);
    if (!replaced)
        return (Slice){NULL, 0};
    replaced->previous = *all;
    *all = replaced;
    size_t length = 0;
    while (text.length) {
        int size = character_size(text);
        memcpy(replaced->bytes + length, size < 0 ? (const uint8_t *)REPLACEMENT : text.bytes,
               size < 0 ? 3 : (size_t)size);
        length += size < 0 ? 3 : (size_t)size;
        text = after(text, (size_t)abs(size));
    }
    return (Slice){replaced->bytes, length};
}

static void
free_replaced(Replaced **all)
{
    while (*all) {
        Replaced *previous = (*all)->previous;
        free(*all);
        *all = previous;
    }
}
