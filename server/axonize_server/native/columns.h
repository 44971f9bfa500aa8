/* Columns of a block as ClickHouse's Native format has them, in three kinds: fixed width (a plain
   buffer), symbols (LowCardinality(String)) and maps with the types of their values. */

typedef struct {
    Buffer numbers; /* of `words`, 4 bytes each */
    Dictionary words;
    uint32_t last;
} Symbols;

static inline uint32_t
symbol(Symbols *symbols, Slice text)
{
    if (!same(word_text(&symbols->words, symbols->last), text))
        symbols->last = number_of(&symbols->words, text);
    return symbols->last;
}

static inline void
put_symbol(Symbols *symbols, Slice text)
{
    put_u32(&symbols->numbers, symbol(symbols, text));
}

/* Key and value of attributes, one after another. */
typedef struct {
    Buffer keys, values;
    Buffer letters; /* of the owner whose attributes are being read */
} Entries;

typedef struct {
    Entries entries;
    Dictionary keys;
    Buffer ends; /* where the attributes of each owner end, 8 bytes each */
    Symbols types;
    uint32_t previous;
} Map;

static inline uint64_t
entry_count(const Entries *entries)
{
    return entries->keys.length / 4;
}

static inline void
open_owner(Map *map, Entries *entries)
{
    entries->letters.length = 0;
    map->previous = 0;
}

/* Write one attribute and return the number of its key. */
static inline uint32_t
put_entry(Map *map, Entries *entries, const Pair *pair, Slice text)
{
    uint32_t key = map->previous = number_after(&map->keys, map->previous, pair->key);
    put_u32(&entries->keys, key);
    put_text(&entries->values, text);
    put_byte(&entries->letters, (uint8_t)pair->value.letter);
    return key;
}

static inline void
close_owner(Map *map, const Entries *entries)
{
    put_u64(&map->ends, entry_count(&map->entries));
    put_symbol(&map->types, (Slice){entries->letters.bytes, entries->letters.length});
}

/* Write attributes that were read before once more, for another owner. */
static inline void
copy_owner(Map *map, const Entries *entries)
{
    put(&map->entries.keys, entries->keys.bytes, entries->keys.length);
    put(&map->entries.values, entries->values.bytes, entries->values.length);
    close_owner(map, entries);
}

/* --- the Native format --- */

#define SHARED_DICTIONARIES 1 /* the version of LowCardinality, before its column */
#define ONLY_HERE 0x600       /* the dictionary is in this block and replaces any before */

static void
write_name(Buffer *block, const char *name, const char *type)
{
    put_text(block, slice_of(name));
    put_text(block, slice_of(type));
}

static void
write_numbers(Buffer *block, const Buffer *numbers, const Dictionary *words)
{
    size_t rows = numbers->length / 4;
    if (!rows)
        return;
    int width = words->count <= 256 ? 1 : words->count <= 65536 ? 2 : 4;
    put_u64(block, ONLY_HERE | (uint64_t)(width / 2));
    put_u64(block, words->count);
    put(block, words->texts.bytes, words->texts.length);
    put_u64(block, rows);
    if (!reserve(block, rows * (size_t)width))
        return;
    for (size_t i = 0; i < rows; i++) {
        uint32_t number;
        memcpy(&number, numbers->bytes + 4 * i, 4);
        memcpy(block->bytes + block->length, &number, (size_t)width);
        block->length += (size_t)width;
    }
}

/* With `ends` these are columns of lists, which end there. */

static void
write_fixed(Buffer *block, const char *name, const char *type, const Buffer *values,
            const Buffer *ends)
{
    write_name(block, name, type);
    if (ends)
        put(block, ends->bytes, ends->length);
    put(block, values->bytes, values->length);
}

static void
write_symbols(Buffer *block, const char *name, const Buffer *numbers, const Dictionary *words,
              const Buffer *ends)
{
    write_name(block, name, ends ? "Array(LowCardinality(String))" : "LowCardinality(String)");
    put_u64(block, SHARED_DICTIONARIES);
    if (ends)
        put(block, ends->bytes, ends->length);
    write_numbers(block, numbers, words);
}

static void
write_map(Buffer *block, const char *name, const char *types_name, const Map *map,
          const Buffer *ends)
{
    write_name(block, name,
               ends ? "Array(Map(LowCardinality(String), String))"
                    : "Map(LowCardinality(String), String)");
    put_u64(block, SHARED_DICTIONARIES);
    if (ends)
        put(block, ends->bytes, ends->length);
    put(block, map->ends.bytes, map->ends.length);
    write_numbers(block, &map->entries.keys, &map->keys);
    put(block, map->entries.values.bytes, map->entries.values.length);
    write_symbols(block, types_name, &map->types.numbers, &map->types.words, ends);
}
