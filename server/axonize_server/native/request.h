/* An ExportTraceServiceRequest, read into the columns of a block. */

#define LAST_TIME INT64_MAX /* what DateTime64(9) holds */

typedef struct {
    size_t most_parsed, most_stored; /* see bounds.py, like the others */
    size_t span_bytes, message_bytes, row_bytes, gpu_bytes;
} Bounds;

typedef struct {
    Columnar *block;
    const Bounds *bounds;
    Slice tenant;
    size_t stored; /* about how large the columns become */
    uint64_t accepted, rejected;
    int text_replaced;
} Request;

static inline uint64_t
bounded(uint64_t time)
{
    return time > LAST_TIME ? LAST_TIME : time;
}

static void
put_id(Buffer *ids, Slice id, size_t width)
{
    if (id.length == width)
        put(ids, id.bytes, width);
    else
        put_zeros(ids, width);
}

static int
is_id(Slice id, size_t width)
{
    static const uint8_t ZEROS[16];
    return id.length == width && memcmp(id.bytes, ZEROS, width);
}

static void
add_pair(Columnar *block, Map *map, Entries *entries, Slice message)
{
    Pair pair;
    read_pair(&block->scratch, message, &pair);
    put_entry(map, entries, &pair, text_of(&block->scratch, &pair.value));
}

/* --- spans --- */

static void
add_event(Columnar *block, Slice message)
{
    Reader reader = open_message(&block->scratch, message);
    Map *map = &block->event_attributes;
    uint64_t time = 0;
    Slice name = {NULL, 0};
    open_owner(map, &map->entries);
    for (uint32_t tag; (tag = next_field(&reader));) {
        switch (tag) {
        case FIXED64(1): time = read_fixed(&reader, 8); break;
        case LENGTH(2): name = read_text(&block->scratch, &reader); break;
        case LENGTH(3): add_pair(block, map, &map->entries, read_bytes(&reader)); break;
        default: skip(&reader, tag);
        }
    }
    put_u64(&block->event_times, bounded(time));
    put_symbol(&block->event_names, name);
    close_owner(map, &map->entries);
}

static void
add_link(Columnar *block, Slice message)
{
    Reader reader = open_message(&block->scratch, message);
    Map *map = &block->link_attributes;
    Slice trace_id = {NULL, 0}, span_id = {NULL, 0}, trace_state = {NULL, 0};
    open_owner(map, &map->entries);
    for (uint32_t tag; (tag = next_field(&reader));) {
        switch (tag) {
        case LENGTH(1): trace_id = read_bytes(&reader); break;
        case LENGTH(2): span_id = read_bytes(&reader); break;
        case LENGTH(3): trace_state = read_text(&block->scratch, &reader); break;
        case LENGTH(4): add_pair(block, map, &map->entries, read_bytes(&reader)); break;
        default: skip(&reader, tag);
        }
    }
    put_id(&block->link_trace_ids, trace_id, 16);
    put_id(&block->link_span_ids, span_id, 8);
    put_text(&block->link_trace_states, trace_state);
    close_owner(map, &map->entries);
}

/* The meaning of a key is looked up when the block meets it first. */
static const Meaning *
meaning_of(Columnar *block, uint32_t key)
{
    while (fault == FINE && block->meanings.length / sizeof(Meaning) <= key) {
        uint32_t number = (uint32_t)(block->meanings.length / sizeof(Meaning));
        Slice name = word_text(&block->attributes.keys, number);
        Meaning meaning = {find_key(&block->span_columns, name, 0), -1, 0};
        if (meaning.first.column < 0)
            find_gpu(&block->gpus, name, &meaning);
        put(&block->meanings, &meaning, sizeof meaning);
    }
    return fault == FINE ? (const Meaning *)(void *)block->meanings.bytes + key : NULL;
}

static void
add_attribute(Columnar *block, Slice message)
{
    Map *map = &block->attributes;
    Pair pair;
    read_pair(&block->scratch, message, &pair);
    Slice text = text_of(&block->scratch, &pair.value);
    const Meaning *meaning = meaning_of(block, put_entry(map, &map->entries, &pair, text));
    if (!meaning)
        return;
    const Columns *columns = &block->span_columns;
    for (Place at = meaning->first; at.column >= 0; at = key_at(columns, at)->next)
        set_value(&columns->columns[at.column], at.rank, &pair.value, text);
    if (meaning->gpu >= 0)
        set_gpu(&block->gpus, meaning, &pair.value, text);
}

typedef struct {
    Slice trace_id, span_id, parent_span_id, trace_state, name, status_message;
    uint64_t start, end;
    uint32_t flags;
    int32_t kind, status;
    int statuses, events, links;
} Span;

static void
read_status(Columnar *block, Slice message, Span *span)
{
    Reader reader = open_message(&block->scratch, message);
    if (span->statuses++)
        fail(UNUSUAL);
    for (uint32_t tag; (tag = next_field(&reader));) {
        switch (tag) {
        case LENGTH(2): span->status_message = read_text(&block->scratch, &reader); break;
        case VARINT(3): span->status = (int32_t)read_varint(&reader); break;
        default: skip(&reader, tag);
        }
    }
}

static void
read_span(Request *request, Slice message, Span *span)
{
    Columnar *block = request->block;
    Reader reader = reader_of(message);
    for (uint32_t tag; fault == FINE && (tag = next_field(&reader));) {
        switch (tag) {
        case LENGTH(1): span->trace_id = read_bytes(&reader); break;
        case LENGTH(2): span->span_id = read_bytes(&reader); break;
        case LENGTH(3): span->trace_state = read_text(&block->scratch, &reader); break;
        case LENGTH(4): span->parent_span_id = read_bytes(&reader); break;
        case LENGTH(5): span->name = read_text(&block->scratch, &reader); break;
        case VARINT(6): span->kind = (int32_t)read_varint(&reader); break;
        case FIXED64(7): span->start = read_fixed(&reader, 8); break;
        case FIXED64(8): span->end = read_fixed(&reader, 8); break;
        case LENGTH(9): add_attribute(block, read_bytes(&reader)); break;
        case LENGTH(11): add_event(block, read_bytes(&reader)); break;
        case LENGTH(13): add_link(block, read_bytes(&reader)); break;
        case LENGTH(15): read_status(block, read_bytes(&reader), span); break;
        case FIXED32(16): span->flags = (uint32_t)read_fixed(&reader, 4); break;
        default: skip(&reader, tag);
        }
    }
    request->stored += block->gpus.row_gpus * request->bounds->gpu_bytes;
}

static void
put_enum(Buffer *column, int32_t number, int32_t size)
{
    put_byte(column, number < 0 || number >= size ? 0 : (uint8_t)number);
}

static void
put_span(Columnar *block, const Span *span)
{
    uint64_t start = bounded(span->start), end = bounded(span->end);
    put_id(&block->trace_id, span->trace_id, 16);
    put_id(&block->span_id, span->span_id, 8);
    put_id(&block->parent_span_id, span->parent_span_id, 8);
    put_text(&block->trace_state, span->trace_state);
    put_u32(&block->flags, span->flags);
    put_symbol(&block->name, span->name);
    put_enum(&block->kind, span->kind, 6);
    put_u64(&block->start_time, start);
    put_u64(&block->end_time, end > start ? end : start);
    put_enum(&block->status, span->status, 3);
    put_text(&block->status_message, span->status_message);
    put_u64(&block->event_ends, block->event_times.length / 8);
    put_u64(&block->link_ends, block->link_trace_ids.length / 16);
}

static int
has_valid_ids(const Span *span)
{
    size_t parent = span->parent_span_id.length;
    return is_id(span->trace_id, 16) && is_id(span->span_id, 8) && (!parent || parent == 8);
}

/* Whether a span has an id that is not valid shows early: the ids come first. What it holds is read
   all the same. */
static int
looks_rejected(Slice message)
{
    Reader reader = reader_of(message);
    Span span = {0};
    for (uint32_t tag; (tag = next_field(&reader));) {
        if (tag > LENGTH(4) && has_valid_ids(&span))
            return 0;
        switch (tag) {
        case LENGTH(1): span.trace_id = read_bytes(&reader); break;
        case LENGTH(2): span.span_id = read_bytes(&reader); break;
        case LENGTH(4): span.parent_span_id = read_bytes(&reader); break;
        default: skip(&reader, tag);
        }
    }
    return !has_valid_ids(&span);
}

static void
add_rejected_span(Request *request, Slice message)
{
    Mark mark;
    Span span = {0};
    set_mark(request->block, &mark);
    open_values(&request->block->span_columns);
    if (fault == FINE)
        read_span(request, message, &span);
    return_to(request->block, &mark);
    request->rejected++;
}

static void
add_owners(Request *request)
{
    Columnar *block = request->block;
    put_symbol(&block->tenant, request->tenant);
    put_u32(&block->scope_name.numbers, block->scope_name.last);
    put_u32(&block->scope_version.numbers, block->scope_version.last);
    for (int i = 0; i < block->resource_columns.count; i++)
        put_u32(&block->resource_columns.columns[i].texts.numbers, block->resource_symbols[i]);
    copy_owner(&block->resource_attributes, &block->resource);
    copy_owner(&block->scope_attributes, &block->scope);
}

static void
check_bounds(const Request *request)
{
    if (request->block->scratch.parsed > request->bounds->most_parsed ||
        request->stored > request->bounds->most_stored)
        fail(UNUSUAL);
}

static void
add_span(Request *request, Slice message)
{
    static const char STEP[] = "engine.step", IDLE[] = "engine.idle", CALLS[] = "engine.calls";
    Columnar *block = request->block;
    Span span = {0};
    block->scratch.parsed += request->bounds->span_bytes;
    check_bounds(request);
    if (fault != FINE)
        return;
    block->gpus.row_cells = block->gpus.row_gpus = 0;
    open_owner(&block->attributes, &block->attributes.entries);
    if (UNLIKELY(looks_rejected(message))) {
        add_rejected_span(request, message);
        return;
    }
    open_values(&block->span_columns);
    if (fault != FINE)
        return;
    read_span(request, message, &span);
    if (same(span.name, slice_of(STEP)) || same(span.name, slice_of(IDLE)) || /* see steps.py */
        same(span.name, slice_of(CALLS)) || !has_valid_ids(&span))
        fail(UNUSUAL);
    close_owner(&block->attributes, &block->attributes.entries);
    close_gpus(&block->gpus);
    put_span(block, &span);
    add_owners(request);
    request->accepted++;
}

/* --- scopes and resources --- */

static void
clear_entries(Map *map, Entries *entries)
{
    entries->keys.length = entries->values.length = 0;
    open_owner(map, entries);
}

static void
read_scope(Request *request, Slice message)
{
    Columnar *block = request->block;
    Reader reader = open_message(&block->scratch, message);
    Slice name = {NULL, 0}, version = {NULL, 0};
    clear_entries(&block->scope_attributes, &block->scope);
    for (uint32_t tag; fault == FINE && (tag = next_field(&reader));) {
        switch (tag) {
        case LENGTH(1): name = read_text(&block->scratch, &reader); break;
        case LENGTH(2): version = read_text(&block->scratch, &reader); break;
        case LENGTH(3):
            add_pair(block, &block->scope_attributes, &block->scope, read_bytes(&reader));
            break;
        default: skip(&reader, tag);
        }
    }
    symbol(&block->scope_name, name);
    symbol(&block->scope_version, version);
}

/* Return the message that field 1 begins with: a resource or scope that is anywhere else is left to
   the other decoder. */
static Slice
first_message(Slice message)
{
    Reader reader = reader_of(message);
    return next_field(&reader) == LENGTH(1) ? read_bytes(&reader) : (Slice){message.bytes, 0};
}

static void
check_first(Reader *reader, Slice first)
{
    if (read_bytes(reader).bytes != first.bytes)
        fail(UNUSUAL);
}

static void
add_scope_spans(Request *request, Slice message)
{
    Columnar *block = request->block;
    Reader reader = open_message(&block->scratch, message);
    Slice scope = first_message(message);
    read_scope(request, scope);
    for (uint32_t tag; fault == FINE && (tag = next_field(&reader));) {
        if (tag == LENGTH(1))
            check_first(&reader, scope);
        else if (tag == LENGTH(2))
            add_span(request, read_bytes(&reader));
        else if (tag == LENGTH(3))
            read_text(&block->scratch, &reader); /* the schema's URL */
        else
            skip(&reader, tag);
    }
}

static void
add_resource_attribute(Columnar *block, Slice message)
{
    Pair pair;
    read_pair(&block->scratch, message, &pair);
    Slice text = text_of(&block->scratch, &pair.value);
    put_entry(&block->resource_attributes, &block->resource, &pair, text);
    const Columns *columns = &block->resource_columns;
    for (Place at = find_key(columns, pair.key, 0); at.column >= 0; at = key_at(columns, at)->next) {
        Column *column = &columns->columns[at.column];
        if (at.rank >= column->rank || !is_scalar(&pair.value))
            continue;
        block->resource_symbols[at.column] = symbol(&column->texts, text);
        column->rank = at.rank;
    }
}

static void
read_resource(Request *request, Slice message)
{
    Columnar *block = request->block;
    Columns *columns = &block->resource_columns;
    Reader reader = open_message(&block->scratch, message);
    clear_entries(&block->resource_attributes, &block->resource);
    for (int i = 0; i < columns->count; i++) {
        columns->columns[i].rank = columns->columns[i].key_count;
        block->resource_symbols[i] = 0;
    }
    for (uint32_t tag; fault == FINE && (tag = next_field(&reader));) {
        if (tag == LENGTH(1))
            add_resource_attribute(block, read_bytes(&reader));
        else if (tag == LENGTH(3))
            stop(&reader); /* entities, which may be damaged inside */
        else
            skip(&reader, tag);
    }
}

static void
add_resource_spans(Request *request, Slice message)
{
    Columnar *block = request->block;
    Reader reader = open_message(&block->scratch, message);
    Slice resource = first_message(message);
    read_resource(request, resource);
    for (uint32_t tag; fault == FINE && (tag = next_field(&reader));) {
        if (tag == LENGTH(1))
            check_first(&reader, resource);
        else if (tag == LENGTH(2))
            add_scope_spans(request, read_bytes(&reader));
        else if (tag == LENGTH(3))
            read_text(&block->scratch, &reader);
        else
            skip(&reader, tag);
    }
}

/* --- how large it becomes --- */

/* Return how large the columns of a message become, without GPUs: the bytes in its first field, the
   resource or scope, are in every row. Counted before anything is written, for a small request may
   have many rows of a wide resource. */
static size_t
planned(Slice message, size_t row_bytes, size_t (*inner)(Slice, size_t))
{
    Reader reader = reader_of(message);
    size_t bytes = 0;
    row_bytes += first_message(message).length;
    for (uint32_t tag; fault == FINE && (tag = next_field(&reader));) {
        if (tag == LENGTH(2))
            bytes += inner(read_bytes(&reader), row_bytes);
        else
            skip(&reader, tag);
    }
    return bytes;
}

static size_t
planned_span(Slice message, size_t row_bytes)
{
    (void)message;
    return row_bytes;
}

static size_t
planned_scope_spans(Slice message, size_t row_bytes)
{
    return planned(message, row_bytes, planned_span);
}

static size_t
planned_request(Slice body, size_t row_bytes)
{
    Reader reader = reader_of(body);
    size_t bytes = body.length;
    for (uint32_t tag; fault == FINE && (tag = next_field(&reader));) {
        if (tag == LENGTH(1))
            bytes += planned(read_bytes(&reader), row_bytes, planned_scope_spans);
        else
            skip(&reader, tag);
    }
    return bytes;
}

/* Add the spans of a request; what is not FINE leaves the block as it was. */
static int
add_request(Request *request, Slice body)
{
    Mark mark;
    Columnar *block = request->block;
    Reader reader = reader_of(body);
    fault = FINE;
    set_mark(block, &mark);
    block->scratch.parsed = body.length;
    block->scratch.most_parsed = request->bounds->most_parsed;
    block->scratch.message_bytes = request->bounds->message_bytes;
    request->stored = planned_request(body, request->bounds->row_bytes);
    check_bounds(request);
    for (uint32_t tag; fault == FINE && (tag = next_field(&reader));) {
        if (tag == LENGTH(1))
            add_resource_spans(request, read_bytes(&reader));
        else
            skip(&reader, tag);
    }
    check_bounds(request);
    request->text_replaced = block->scratch.replaced != NULL;
    free_replaced(&block->scratch.replaced);
    if (fault != FINE)
        return_to(block, &mark);
    return fault;
}
