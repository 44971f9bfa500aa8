/* The columns of the table `spans`, filled one span after another, and as one Native block. */

#define MOST_BUFFERS 256
#define MOST_DICTIONARIES 128

typedef struct {
    Buffer trace_id, span_id, parent_span_id, trace_state, flags, kind, start_time, end_time;
    Buffer status, status_message;
    Symbols tenant, name, scope_name, scope_version;
    Columns span_columns, resource_columns;
    Gpus gpus;
    Map attributes, resource_attributes, scope_attributes;
    Buffer event_ends, event_times, link_ends, link_trace_ids, link_span_ids, link_trace_states;
    Symbols event_names;
    Map event_attributes, link_attributes;

    Entries resource, scope; /* of what is being read; copied for each span */
    uint32_t *resource_symbols;
    Buffer meanings; /* one for each key of `attributes` */
    Scratch scratch;

    Buffer *buffers[MOST_BUFFERS]; /* all that grows with the rows */
    int buffer_count;
    Symbols *symbols[MOST_DICTIONARIES];
    Dictionary *dictionaries[MOST_DICTIONARIES];
    int symbols_count, dictionary_count;
} Columnar;

static inline uint64_t
row_count(const Columnar *block)
{
    return block->trace_id.length / 16;
}

/* --- opening and closing --- */

static void
track(Columnar *block, Buffer *buffer)
{
    if (block->buffer_count < MOST_BUFFERS)
        block->buffers[block->buffer_count++] = buffer;
}

static int
track_dictionary(Columnar *block, Dictionary *dictionary)
{
    if (block->dictionary_count == MOST_DICTIONARIES)
        return -1;
    block->dictionaries[block->dictionary_count++] = dictionary;
    return open_dictionary(dictionary);
}

static int
open_symbols(Columnar *block, Symbols *symbols)
{
    track(block, &symbols->numbers);
    if (block->symbols_count < MOST_DICTIONARIES)
        block->symbols[block->symbols_count++] = symbols;
    return track_dictionary(block, &symbols->words);
}

static int
open_map(Columnar *block, Map *map)
{
    track(block, &map->entries.keys);
    track(block, &map->entries.values);
    track(block, &map->ends);
    return open_symbols(block, &map->types) < 0 ? -1 : track_dictionary(block, &map->keys);
}

#define EACH_BUFFER(block) \
    {&(block)->trace_id, &(block)->span_id, &(block)->parent_span_id, &(block)->trace_state, \
     &(block)->flags, &(block)->kind, &(block)->start_time, &(block)->end_time, &(block)->status, \
     &(block)->status_message, &(block)->gpus.ends, &(block)->event_ends, &(block)->event_times, \
     &(block)->link_ends, &(block)->link_trace_ids, &(block)->link_span_ids, \
     &(block)->link_trace_states}
#define EACH_SYMBOLS(block) \
    {&(block)->tenant, &(block)->name, &(block)->scope_name, &(block)->scope_version, \
     &(block)->event_names}
#define EACH_MAP(block) \
    {&(block)->attributes, &(block)->resource_attributes, &(block)->scope_attributes, \
     &(block)->event_attributes, &(block)->link_attributes}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
open_columns(Columnar *block, Columns *columns)
{
    for (int i = 0; i < columns->count; i++) {
        track(block, &columns->columns[i].values);
        if (open_symbols(block, &columns->columns[i].texts) < 0)
            return -1;
    }
    return 0;
}

static int
open_block(Columnar *block)
{
    Buffer *buffers[] = EACH_BUFFER(block);
    Symbols *symbols[] = EACH_SYMBOLS(block);
    Map *maps[] = EACH_MAP(block);
    for (size_t i = 0; i < COUNT(buffers); i++)
        track(block, buffers[i]);
    for (size_t i = 0; i < COUNT(symbols); i++) {
        if (open_symbols(block, symbols[i]) < 0)
            return -1;
    }
    for (size_t i = 0; i < COUNT(maps); i++) {
        if (open_map(block, maps[i]) < 0)
            return -1;
    }
    for (int i = 0; i < block->gpus.count; i++) {
        if (open_symbols(block, &block->gpus.lists[i]) < 0)
            return -1;
    }
    if (open_columns(block, &block->span_columns) < 0 ||
        open_columns(block, &block->resource_columns) < 0)
        return -1;
    block->resource_symbols = calloc((size_t)block->resource_columns.count + 1, 4);
    return block->resource_symbols && block->buffer_count < MOST_BUFFERS ? 0 : -1;
}

static void
close_columns(Columns *columns)
{
    for (int i = 0; i < columns->count; i++) {
        Column *column = &columns->columns[i];
        for (int key = 0; key < column->key_count; key++)
            free(column->keys[key].name);
        free(column->keys);
        free(column->name);
        free(column->type);
    }
    free(columns->columns);
}

static void
close_gpu_lists(Gpus *gpus)
{
    for (int i = 0; i < gpus->count; i++) {
        free(gpus->names[i]);
        free(gpus->column_names[i]);
    }
    free(gpus->names);
    free(gpus->column_names);
    free(gpus->lists);
}

static void
close_entries(Entries *entries)
{
    free(entries->keys.bytes);
    free(entries->values.bytes);
    free(entries->letters.bytes);
}

static void
close_block(Columnar *block)
{
    Map *maps[] = EACH_MAP(block);
    for (int i = 0; i < block->buffer_count; i++)
        free(block->buffers[i]->bytes);
    for (int i = 0; i < block->dictionary_count; i++)
        close_dictionary(block->dictionaries[i]);
    for (size_t i = 0; i < COUNT(maps); i++)
        free(maps[i]->entries.letters.bytes);
    close_gpu_lists(&block->gpus);
    close_columns(&block->span_columns);
    close_columns(&block->resource_columns);
    close_entries(&block->resource);
    close_entries(&block->scope);
    free(block->resource_symbols);
    free(block->meanings.bytes);
    free(block->scratch.json.bytes);
}

/* Empty the block; return how many bytes it keeps, so that the next rows find their memory. */
static size_t
clear_block(Columnar *block)
{
    size_t kept = block->meanings.capacity;
    block->gpus.cells = 0;
    block->meanings.length = 0;
    for (int i = 0; i < block->buffer_count; i++) {
        block->buffers[i]->length = 0;
        kept += block->buffers[i]->capacity;
    }
    for (int i = 0; i < block->symbols_count; i++)
        block->symbols[i]->last = 0;
    for (int i = 0; i < block->dictionary_count; i++) {
        clear_dictionary(block->dictionaries[i]);
        kept += dictionary_bytes(block->dictionaries[i]);
    }
    return kept;
}

/* --- taking rows back --- */

typedef struct {
    size_t lengths[MOST_BUFFERS];
    uint64_t cells;
} Mark;

static void
set_mark(const Columnar *block, Mark *mark)
{
    for (int i = 0; i < block->buffer_count; i++)
        mark->lengths[i] = block->buffers[i]->length;
    mark->cells = block->gpus.cells;
}

static void
return_to(Columnar *block, const Mark *mark)
{
    for (int i = 0; i < block->buffer_count; i++)
        block->buffers[i]->length = mark->lengths[i];
    block->gpus.cells = mark->cells;
}

/* --- writing --- */

#define TIME "DateTime64(9, 'UTC')"

static void
write_columns(Buffer *out, const Columns *columns)
{
    for (int i = 0; i < columns->count; i++) {
        const Column *column = &columns->columns[i];
        if (column->is_text)
            write_symbols(out, column->name, &column->texts.numbers, &column->texts.words, NULL);
        else
            write_fixed(out, column->name, column->type, &column->values, NULL);
    }
}

static void
write_plain_columns(Buffer *out, const Columnar *block)
{
    write_fixed(out, "trace_id", "FixedString(16)", &block->trace_id, NULL);
    write_fixed(out, "span_id", "FixedString(8)", &block->span_id, NULL);
    write_fixed(out, "parent_span_id", "FixedString(8)", &block->parent_span_id, NULL);
    write_fixed(out, "trace_state", "String", &block->trace_state, NULL);
    write_fixed(out, "flags", "UInt32", &block->flags, NULL);
    write_fixed(out, "kind", "Int8", &block->kind, NULL);
    write_fixed(out, "start_time", TIME, &block->start_time, NULL);
    write_fixed(out, "end_time", TIME, &block->end_time, NULL);
    write_fixed(out, "status", "Int8", &block->status, NULL);
    write_fixed(out, "status_message", "String", &block->status_message, NULL);
}

static void
write_symbol_columns(Buffer *out, Columnar *block)
{
    static const char *const NAMES[] = {"tenant_id", "name", "scope_name", "scope_version"};
    Symbols *symbols[] = EACH_SYMBOLS(block);
    for (size_t i = 0; i < COUNT(NAMES); i++)
        write_symbols(out, NAMES[i], &symbols[i]->numbers, &symbols[i]->words, NULL);
    write_columns(out, &block->span_columns);
    write_columns(out, &block->resource_columns);
    for (int i = 0; i < block->gpus.count; i++) {
        const Symbols *list = &block->gpus.lists[i];
        write_symbols(out, block->gpus.column_names[i], &list->numbers, &list->words,
                      &block->gpus.ends);
    }
}

static void
write_events_and_links(Buffer *out, const Columnar *block)
{
    const Buffer *events = &block->event_ends, *links = &block->link_ends;
    write_fixed(out, "events.time", "Array(" TIME ")", &block->event_times, events);
    write_symbols(out, "events.name", &block->event_names.numbers, &block->event_names.words, events);
    write_map(out, "events.attributes", "events.attribute_types", &block->event_attributes, events);
    write_fixed(out, "links.trace_id", "Array(FixedString(16))", &block->link_trace_ids, links);
    write_fixed(out, "links.span_id", "Array(FixedString(8))", &block->link_span_ids, links);
    write_fixed(out, "links.trace_state", "Array(String)", &block->link_trace_states, links);
    write_map(out, "links.attributes", "links.attribute_types", &block->link_attributes, links);
}

#define PLAIN_COLUMNS 10
#define SYMBOL_COLUMNS 4
#define MAP_COLUMNS 6
#define EVENT_AND_LINK_COLUMNS 9

static int
column_count(const Columnar *block)
{
    return PLAIN_COLUMNS + SYMBOL_COLUMNS + MAP_COLUMNS + EVENT_AND_LINK_COLUMNS +
           block->span_columns.count + block->resource_columns.count + block->gpus.count;
}

static void
put_count(Buffer *out, uint64_t count)
{
    for (; count >= 0x80; count >>= 7)
        put_byte(out, (uint8_t)(count | 0x80));
    put_byte(out, (uint8_t)count);
}

/* Return a number of bytes that is enough for the block. */
static size_t
most_bytes(const Columnar *block)
{
    /* Ends of lists are written with each of their columns: 4 of events, 5 of links. */
    size_t repeated = 8 * (size_t)row_count(block) * ((size_t)block->gpus.count + 10);
    size_t bytes = 20 + 256 * (size_t)column_count(block) + repeated;
    for (int i = 0; i < block->buffer_count; i++)
        bytes += block->buffers[i]->length;
    for (int i = 0; i < block->dictionary_count; i++)
        bytes += block->dictionaries[i]->texts.length;
    return bytes;
}

static void
write_block(Buffer *out, Columnar *block)
{
    put_count(out, (uint64_t)column_count(block));
    put_count(out, row_count(block));
    write_plain_columns(out, block);
    write_symbol_columns(out, block);
    write_map(out, "attributes", "attribute_types", &block->attributes, NULL);
    write_map(out, "resource_attributes", "resource_attribute_types", &block->resource_attributes,
              NULL);
    write_map(out, "scope_attributes", "scope_attribute_types", &block->scope_attributes, NULL);
    write_events_and_links(out, block);
}
