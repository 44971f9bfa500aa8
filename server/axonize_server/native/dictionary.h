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

/* --- SipHash-1-3, so that no sender finds texts that share a slot --- */

static uint64_t hash_key[2]; /* another one in every process */

typedef struct {
    uint64_t a, b, c, d;
} Sip;

static inline uint64_t
rotated(uint64_t number, int bits)
{
    return number << bits | number >> (64 - bits);
}

static inline void
sip_round(Sip *sip)
{
    sip->a += sip->b;
    sip->b = rotated(sip->b, 13) ^ sip->a;
    sip->a = rotated(sip->a, 32);
    sip->c += sip->d;
    sip->d = rotated(sip->d, 16) ^ sip->c;
    sip->a += sip->d;
    sip->d = rotated(sip->d, 21) ^ sip->a;
    sip->c += sip->b;
    sip->b = rotated(sip->b, 17) ^ sip->c;
    sip->c = rotated(sip->c, 32);
}

static inline void
sip_add(Sip *sip, uint64_t part)
{
    sip->d ^= part;
    sip_round(sip);
    sip->a ^= part;
}

static uint64_t
hash_of(Slice text)
{
    Sip sip = {hash_key[0] ^ 0x736F6D6570736575u, hash_key[1] ^ 0x646F72616E646F6Du,
               hash_key[0] ^ 0x6C7967656E657261u, hash_key[1] ^ 0x7465646279746573u};
    uint64_t part, last = (uint64_t)text.length << 56;
    for (; text.length >= 8; text = after(text, 8)) {
        memcpy(&part, text.bytes, 8);
        sip_add(&sip, part);
    }
    for (size_t i = 0; i < text.length; i++)
        last |= (uint64_t)text.bytes[i] << 8 * i;
    sip_add(&sip, last);
    sip.c ^= 0xFF;
    for (int i = 0; i < 3; i++)
        sip_round(&sip);
    return sip.a ^ sip.b ^ sip.c ^ sip.d;
}

/* --- the dictionary --- */

static inline Slice
word_text(const Dictionary *dictionary, uint32_t number)
{
    const Word *word = &dictionary->words[number];
    return (Slice){dictionary->texts.bytes + word->at, word->length};
}

static int
resize(Dictionary *dictionary, uint32_t size)
{
    uint32_t *slots = allocate(NULL, size * sizeof *slots);
    Word *words = slots ? allocate(dictionary->words, size / 2 * sizeof *words) : NULL;
    if (!words) {
        free(slots);
        return 0;
    }
    memset(slots, 0, size * sizeof *slots);
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
        if (dictionary->size > UINT32_MAX / 4)
            fail(NO_MEMORY);
        else if (resize(dictionary, dictionary->size * 2))
            return number_of(dictionary, text);
        return 0;
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

/* Forget all texts but the empty one. */
static void
clear_dictionary(Dictionary *dictionary)
{
    memset(dictionary->slots, 0, dictionary->size * sizeof *dictionary->slots);
    dictionary->texts.length = dictionary->count = 0;
    number_of(dictionary, (Slice){NULL, 0}); /* there is memory for it */
}

static size_t
dictionary_bytes(const Dictionary *dictionary)
{
    return dictionary->texts.capacity + dictionary->size * (4 + sizeof(Word) / 2);
}

static void
close_dictionary(Dictionary *dictionary)
{
    free(dictionary->texts.bytes);
    free(dictionary->words);
    free(dictionary->slots);
}
