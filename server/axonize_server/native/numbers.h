/* Numbers as text, as Arrow writes them in a column and Python in JSON: as few digits as mean the
   same number. Neither Python's nor the C library's way serves: one wants the GIL, one is slow. */

#define MOST_NUMBER_BYTES 40

static size_t
write_integer(char *text, int64_t number)
{
    char reversed[20], *at = text;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    int count = 0;
    do
        reversed[count++] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *at++ = '-';
    while (count)
        *at++ = reversed[--count];
    return (size_t)(at - text);
}

static const double POWERS[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};
#define MOST_POWER 16

/* The decimal digits of a number, and the place of the first one: 0.05 is "5" at -2. */
typedef struct {
    char digits[MOST_NUMBER_BYTES];
    int count, exponent;
} Decimal;

static void
strip_zeros(Decimal *decimal)
{
    while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0')
        decimal->count--;
}

/* A number of up to 15 digits is a whole number divided by a power of ten, exactly. */
static int
read_short(double number, Decimal *decimal)
{
    for (int power = 0; power <= MOST_POWER; power++) {
        double scaled = number * POWERS[power];
        if (scaled >= 1e15)
            return 0;
        int64_t whole = (int64_t)(scaled + 0.5);
        if (!whole || (double)whole / POWERS[power] != number)
            continue;
        decimal->count = (int)write_integer(decimal->digits, whole);
        decimal->exponent = decimal->count - 1 - power;
        strip_zeros(decimal);
        return 1;
    }
    return 0;
}

static void
read_printed(double number, Decimal *decimal)
{
    char printed[MOST_NUMBER_BYTES];
    /* Numbers next to 0 have fewer digits than others. */
    for (int digits = number < 1e-290 ? 1 : 15; digits <= 17; digits++) {
        snprintf(printed, sizeof printed, "%.*e", digits - 1, number);
        if (digits == 17 || strtod(printed, NULL) == number)
            break;
    }
    const char *at = printed;
    decimal->count = 0;
    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9') /* whatever separates the fraction here */
            decimal->digits[decimal->count++] = *at;
    }
    decimal->exponent = atoi(at + 1);
    strip_zeros(decimal);
}

static char *
write_digits(char *at, const char *digits, int count)
{
    memcpy(at, digits, (size_t)count);
    return at + count;
}

static char *
write_repeated(char *at, char digit, int count)
{
    for (; count > 0; count--)
        *at++ = digit;
    return at;
}

static char *
write_positional(char *at, const Decimal *decimal)
{
    int whole = decimal->exponent + 1; /* digits before the point */
    if (whole <= 0) {
        at = write_repeated(write_digits(at, "0.", 2), '0', -whole);
        return write_digits(at, decimal->digits, decimal->count);
    }
    if (decimal->count <= whole) {
        at = write_digits(at, decimal->digits, decimal->count);
        return write_repeated(at, '0', whole - decimal->count);
    }
    at = write_digits(at, decimal->digits, whole);
    *at++ = '.';
    return write_digits(at, decimal->digits + whole, decimal->count - whole);
}

static char *
write_scientific(char *at, const Decimal *decimal, const char *exponent_format)
{
    *at++ = decimal->digits[0];
    if (decimal->count > 1) {
        *at++ = '.';
        at = write_digits(at, decimal->digits + 1, decimal->count - 1);
    }
    return at + snprintf(at, 8, exponent_format, decimal->exponent);
}

/* How numbers are written: by position when the exponent is in [low, high). */
typedef struct {
    int low, high, whole_with_point;
    const char *exponent;
} NumberStyle;

static const NumberStyle ARROW_STYLE = {-6, 10, 0, "e%+d"};
static const NumberStyle PYTHON_STYLE = {-4, 16, 1, "e%+03d"};

static size_t
write_double(char *text, double number, const NumberStyle *style)
{
    char *at = text;
    if (isnan(number))
        return (size_t)(write_digits(at, "nan", 3) - text);
    if (signbit(number))
        *at++ = '-';
    number = fabs(number);
    if (isinf(number))
        return (size_t)(write_digits(at, "inf", 3) - text);
    Decimal decimal = {"0", 1, 0};
    if (number != 0 && !read_short(number, &decimal))
        read_printed(number, &decimal);
    if (decimal.exponent < style->low || decimal.exponent >= style->high)
        return (size_t)(write_scientific(at, &decimal, style->exponent) - text);
    at = write_positional(at, &decimal);
    if (style->whole_with_point && decimal.count <= decimal.exponent + 1)
        at = write_digits(at, ".0", 2);
    return (size_t)(at - text);
}

/* Read digits with or without a fraction, 15 at most; 0 when the text is anything else. */
static int
parse_number(Slice text, double *number)
{
    uint64_t whole = 0;
    int digits = 0, power = -1, negative = text.length && text.bytes[0] == '-';
    for (size_t i = (size_t)negative; i < text.length; i++) {
        uint8_t byte = text.bytes[i];
        if (byte == '.' && power < 0 && digits)
            power = 0;
        else if (byte >= '0' && byte <= '9' && ++digits <= 15) {
            whole = whole * 10 + (uint64_t)(byte - '0');
            power += power >= 0;
        }
        else
            return 0;
    }
    if (!digits || text.bytes[text.length - 1] == '.')
        return 0;
    *number = (double)whole / POWERS[power > 0 ? power : 0];
    if (negative)
        *number = -*number;
    return 1;
}
