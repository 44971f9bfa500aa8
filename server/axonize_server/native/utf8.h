/* Text that is not UTF-8 is left to the other decoder, which replaces what is wrong. */

/* Return how many bytes the character takes, 0 when it is none; at least one byte is there. */
static size_t
character_bytes(const uint8_t *at, const uint8_t *end)
{
    uint8_t first = at[0];
    if (first < 0x80)
        return 1;
    size_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (!size || (size_t)(end - at) < size)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    }
    int overlong = (first == 0xE0 && at[1] < 0xA0) || (first == 0xF0 && at[1] < 0x90);
    int surrogate = first == 0xED && at[1] > 0x9F;
    int too_large = first == 0xF4 && at[1] > 0x8F;
    return overlong || surrogate || too_large ? 0 : size;
}

static int
is_utf8(Slice text)
{
    const uint8_t *at = text.bytes, *end = at + text.length;
    while (at < end) {
        uint64_t eight;
        if (end - at >= 8 && (memcpy(&eight, at, 8), !(eight & 0x8080808080808080u))) {
            at += 8;
            continue;
        }
        size_t size = character_bytes(at, end);
        if (!size)
            return 0;
        at += size;
    }
    return 1;
}

static inline Slice
read_text(Reader *reader)
{
    Slice text = read_bytes(reader);
    if (UNLIKELY(!is_utf8(text)))
        fail(UNUSUAL);
    return text;
}
