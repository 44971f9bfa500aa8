/* The different texts of a column, numbered from 0, which is the empty one. */

typedef struct {
    uint64_t hash;
    size_t at;       /* in `texts`, without its length */
    uint32_t length;
    uint32_t next;   /* the number that followed this one last time */
} Word;

typedef struct {
    Buffer texts;    /* as ClickHouse reads them */
    Word *words;
    uint32_t *slots; /* number + 1; 0 is a free slot */
    uint32_t count, size; /* size is a power of two, more than twice the count */
} Dictionary;

static uint64_t
hash_of(Slice text)
{
    uint64_t hash = text.length * 0x9E3779B97F4A7C15u, part;
    const uint8_t *at = text.bytes;
    size_t rest = text.length;
    for (; rest >= 8; at += 8, rest -= 8) {
        memcpy(&part, at, 8);
        hash = (hash ^ part) * 0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
    }
    part = 0;
    if (rest)
        memcpy(&part, at, rest);
    hash = (hash ^ part) * 0xD6E8FEB86659FD93u;
    return hash ^ hash >> 32;
}

static inline Slice
word_text(const Dictionary *dictionary, uint32_t number)
{
    const Word *word = &dictionary->words[number];
    return (Slice){dictionary->texts.bytes + word->at, word->length};
}

static int
resize(Dictionary *dictionary, uint32_t size)
{
    uint32_t *slots = calloc(size, sizeof *slots);
    Word *words = slots ? realloc(dictionary->words, size / 2 * sizeof *words) : NULL;
    if (!words) {
        free(slots);
        fail(NO_MEMORY);
        return 0;
    }
    for (uint32_t i = 0; i < dictionary->count; i++) {
        uint32_t slot = (uint32_t)words[i].hash & (size - 1);
        while (slots[slot])
            slot = (slot + 1) & (size - 1);
        slots[slot] = i + 1;
    }
    free(dictionary->slots);
    dictionary->slots = slots;
    dictionary->words = words;
    dictionary->size = size;
    return 1;
}

/* Return the number of a text; 0 when there is no memory for it. */
static uint32_t
number_of(Dictionary *dictionary, Slice text)
{
    uint64_t hash = hash_of(text);
    uint32_t slot = (uint32_t)hash & (dictionary->size - 1);
    for (uint32_t number; (number = dictionary->slots[slot]);) {
        if (dictionary->words[number - 1].hash == hash &&
            same(word_text(dictionary, number - 1), text))
            return number - 1;
        slot = (slot + 1) & (dictionary->size - 1);
    }
    if ((dictionary->count + 1) * 2 >= dictionary->size) {
        if (dictionary->size > UINT32_MAX / 4 || !resize(dictionary, dictionary->size * 2)) {
            fail(NO_MEMORY);
            return 0;
        }
        return number_of(dictionary, text);
    }
    if (!reserve(&dictionary->texts, text.length + 10))
        return 0;
    put_text(&dictionary->texts, text);
    size_t at = dictionary->texts.length - text.length;
    dictionary->words[dictionary->count] = (Word){hash, at, (uint32_t)text.length, 0};
    dictionary->slots[slot] = ++dictionary->count;
    return dictionary->count - 1;
}

/* Return the number of a text that most likely is the one that followed `previous` before. */
static inline uint32_t
number_after(Dictionary *dictionary, uint32_t previous, Slice text)
{
    uint32_t expected = dictionary->words[previous].next;
    if (expected && same(word_text(dictionary, expected), text))
        return expected;
    uint32_t number = number_of(dictionary, text);
    dictionary->words[previous].next = number;
    return number;
}

static int
open_dictionary(Dictionary *dictionary)
{
    if (!resize(dictionary, 64))
        return -1;
    number_of(dictionary, (Slice){NULL, 0});
    return fault == FINE ? 0 : -1;
}

static void
close_dictionary(Dictionary *dictionary)
{
    free(dictionary->texts.bytes);
    free(dictionary->words);
    free(dictionary->slots);
}
