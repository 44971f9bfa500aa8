/* Columns that attributes are copied to. Which, and under what keys, comes from promoted.py. */

/* A key of a column: the number of the column, and its rank there; none: column is -1. */
typedef struct {
    int16_t column, rank;
} Place;

typedef struct {
    char *name;
    double scale;
    Place next; /* the same key in a later column */
} Key;

typedef struct {
    char *name, *type;
    int is_text, is_float, is_flag, width; /* bytes of a number */
    Key *keys; /* an earlier key wins over a later one */
    int key_count;
    Buffer values;
    Symbols texts;
    int rank; /* of the key that the last row has its value from; key_count without one */
} Column;

typedef struct {
    Column *columns;
    int count;
} Columns;

/* What a key fills: columns, or the list of a GPU field, or nothing. */
typedef struct {
    Place first;
    int16_t gpu, field;
} Meaning;

static Place
find_key(const Columns *columns, Slice key, int from)
{
    for (int column = from; column < columns->count; column++) {
        for (int rank = 0; rank < columns->columns[column].key_count; rank++) {
            if (same(slice_of(columns->columns[column].keys[rank].name), key))
                return (Place){(int16_t)column, (int16_t)rank};
        }
    }
    return (Place){-1, 0};
}

static Key *
key_at(const Columns *columns, Place place)
{
    return &columns->columns[place.column].keys[place.rank];
}

/* Link the places of each key, so that one look-up finds all of them. */
static void
link_keys(Columns *columns)
{
    for (int column = 0; column < columns->count; column++) {
        for (int rank = 0; rank < columns->columns[column].key_count; rank++) {
            Key *key = &columns->columns[column].keys[rank];
            key->next = find_key(columns, slice_of(key->name), column + 1);
        }
    }
}

static void
open_values(Columns *columns)
{
    for (int i = 0; i < columns->count; i++) {
        Column *column = &columns->columns[i];
        column->rank = column->key_count;
        if (column->is_text)
            put_u32(&column->texts.numbers, 0);
        else
            put_zeros(&column->values, (size_t)column->width);
    }
}

static int
flag_in(const Value *value, double *number)
{
    *number = (double)value->integer;
    return value->letter == 'b';
}

static int
number_in(const Value *value, double *number)
{
    switch (value->letter) {
    case 'i': *number = (double)value->integer; return 1;
    case 'd': *number = value->number; return 1;
    case 's': return parse_number(value->content, number);
    default: return 0;
    }
}

/* Write a number over the last value of a column; 0 when the column cannot hold it. */
static int
set_number(Column *column, double number)
{
    uint8_t *last = column->values.bytes + column->values.length - column->width;
    if (column->is_float && column->width == 4) {
        float single = (float)number;
        if (!(fabs(number) <= (double)FLT_MAX))
            return 0;
        memcpy(last, &single, 4);
        return 1;
    }
    if (column->is_float) {
        if (!(fabs(number) <= DBL_MAX))
            return 0;
        memcpy(last, &number, 8);
        return 1;
    }
    if (!(number >= 0 && number < ldexp(1, 8 * column->width) && floor(number) == number))
        return 0;
    uint64_t whole = (uint64_t)number; /* little endian, like the format */
    memcpy(last, &whole, (size_t)column->width);
    return 1;
}

static void
set_value(Column *column, int rank, const Value *value, Slice text)
{
    double number = 0;
    if (rank >= column->rank || !is_scalar(value))
        return;
    if (column->is_text) {
        uint32_t last = symbol(&column->texts, text);
        memcpy(column->texts.numbers.bytes + column->texts.numbers.length - 4, &last, 4);
        column->rank = rank;
    }
    else if ((column->is_flag ? flag_in : number_in)(value, &number) &&
             set_number(column, number * column->keys[rank].scale))
        column->rank = rank;
}

/* --- gpu.N.FIELD --- */

#define MOST_GPUS 64
#define UNSET UINT32_MAX

typedef struct {
    char **names, **column_names;
    Symbols *lists;
    int count;
    uint64_t cells;
    uint32_t row_cells; /* of the span that is being read */
    uint32_t row_gpus;  /* the same, with those whose value is no text */
    Buffer ends;
} Gpus;

static int
find_gpu(const Gpus *gpus, Slice key, Meaning *meaning)
{
    if (key.length < 7 || memcmp(key.bytes, "gpu.", 4))
        return 0;
    size_t at = 4;
    int number = 0;
    for (; at < key.length && at < 6 && key.bytes[at] >= '0' && key.bytes[at] <= '9'; at++)
        number = number * 10 + (key.bytes[at] - '0');
    int written_longer = at == 6 && key.bytes[4] == '0';
    if (at == 4 || at == key.length || key.bytes[at] != '.' || written_longer || number >= MOST_GPUS)
        return 0;
    Slice field = {key.bytes + at + 1, key.length - at - 1};
    for (int i = 0; i < gpus->count; i++) {
        if (!same(slice_of(gpus->names[i]), field))
            continue;
        meaning->gpu = (int16_t)number;
        meaning->field = (int16_t)i;
        return 1;
    }
    return 0;
}

static void
set_gpu(Gpus *gpus, const Meaning *meaning, const Value *value, Slice text)
{
    if (gpus->row_gpus <= (uint32_t)meaning->gpu)
        gpus->row_gpus = (uint32_t)meaning->gpu + 1;
    if (!is_scalar(value))
        return;
    for (; gpus->row_cells <= (uint32_t)meaning->gpu; gpus->row_cells++, gpus->cells++) {
        for (int i = 0; i < gpus->count; i++)
            put_u32(&gpus->lists[i].numbers, UNSET);
    }
    if (fault == NO_MEMORY)
        return;
    Symbols *list = &gpus->lists[meaning->field];
    uint8_t *cell = list->numbers.bytes + list->numbers.length -
                    4 * (gpus->row_cells - (size_t)meaning->gpu);
    uint32_t number;
    memcpy(&number, cell, 4);
    if (number != UNSET)
        return;
    number = symbol(list, text);
    memcpy(cell, &number, 4);
}

static void
close_gpus(Gpus *gpus)
{
    put_u64(&gpus->ends, gpus->cells);
    if (!gpus->row_cells || fault == NO_MEMORY)
        return;
    for (int i = 0; i < gpus->count; i++) {
        Buffer *numbers = &gpus->lists[i].numbers;
        uint32_t *cells = (uint32_t *)(void *)numbers->bytes + numbers->length / 4 - gpus->row_cells;
        for (uint32_t cell = 0; cell < gpus->row_cells; cell++) {
            if (cells[cell] == UNSET)
                cells[cell] = 0;
        }
    }
}
