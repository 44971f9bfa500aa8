/* Numbers as text, as Arrow writes them in a column and Python in JSON: as few digits as mean the
   same number. Neither Python's nor the C library's way serves: one wants the GIL, one is slow. */

#define MOST_NUMBER_BYTES 40

static const char PAIRS[] =
    "00010203040506070809101112131415161718192021222324"
    "25262728293031323334353637383940414243444546474849"
    "50515253545556575859606162636465666768697071727374"
    "75767778798081828384858687888990919293949596979899";

static size_t
write_integer(char *text, int64_t number)
{
    char digits[20], *end = digits + sizeof digits, *begin = end;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    for (; rest >= 100; rest /= 100)
        memcpy(begin -= 2, PAIRS + 2 * (rest % 100), 2);
    if (rest >= 10)
        memcpy(begin -= 2, PAIRS + 2 * rest, 2);
    else
        *--begin = (char)('0' + rest);
    *text = '-';
    memcpy(text + (number < 0), begin, (size_t)(end - begin));
    return (size_t)(end - begin) + (number < 0);
}

/* --- the shortest digits: Raffaello Giulietti's Schubfach --- */

#define LOWEST_POWER (-292)
#define POWER_COUNT 617

/* 128 bits of each power of ten, the highest ones: see powers_of_ten() in native.py. */
static struct {
    uint64_t low, high;
} powers_of_ten[POWER_COUNT];

/* floor(log2(10^exponent)) */
static inline int
log2_of_power(int exponent)
{
    return (int)((int64_t)exponent * 1741647 >> 19);
}

static inline uint64_t
multiply_high(uint64_t one, uint64_t other, uint64_t *low)
{
    uint64_t one_low = (uint32_t)one, one_high = one >> 32;
    uint64_t other_low = (uint32_t)other, other_high = other >> 32;
    uint64_t middle = one_high * other_low + (one_low * other_low >> 32);
    uint64_t second = one_low * other_high + (uint32_t)middle;
    *low = one * other;
    return one_high * other_high + (middle >> 32) + (second >> 32);
}

/* Return the number times a power of ten, whose lowest bit says if anything was cut off. */
static inline uint64_t
scale(uint64_t number, int power)
{
    uint64_t low, lowest, carried;
    uint64_t high = multiply_high(number, powers_of_ten[power - LOWEST_POWER].high, &low);
    carried = multiply_high(number, powers_of_ten[power - LOWEST_POWER].low, &lowest);
    low += carried;
    high += low < carried;
    return high | (low > 1);
}

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

static void
set_decimal(Decimal *decimal, uint64_t digits, int power)
{
    decimal->count = (int)write_integer(decimal->digits, (int64_t)digits);
    decimal->exponent = decimal->count - 1 + power;
    strip_zeros(decimal);
}

/* Find the fewest digits that are nearer to a positive number than to its neighbours. The number is
   significand * 2^exponent; everything is taken times four, so that half-ways are whole. */
static void
shorten(uint64_t significand, int exponent, int lower_is_nearer, Decimal *decimal)
{
    int power = (int)(((int64_t)exponent * 1262611 - (lower_is_nearer ? 524031 : 0)) >> 22);
    int shift = exponent + log2_of_power(-power) + 1;
    uint64_t open = significand & 1; /* even ones are what is read half-way */
    uint64_t exact = scale(significand * 4 << shift, -power), digits = exact / 4;
    uint64_t low = scale((significand * 4 - 2 + (uint64_t)lower_is_nearer) << shift, -power) + open;
    uint64_t high = scale((significand * 4 + 2) << shift, -power) - open;
    uint64_t fewer = digits / 10 * 40; /* with one digit less */
    int below = low <= fewer, above = fewer + 40 <= high;
    if (digits >= 10 && below != above) {
        set_decimal(decimal, digits / 10 + (uint64_t)above, power + 1);
        return;
    }
    below = low <= digits * 4;
    above = digits * 4 + 4 <= high;
    uint64_t rest = exact - digits * 4;
    int nearer = rest > 2 || (rest == 2 && digits & 1);
    set_decimal(decimal, digits + (uint64_t)(below != above ? above : nearer), power);
}

static void
read_double(double number, Decimal *decimal)
{
    uint64_t bits;
    memcpy(&bits, &number, 8);
    uint64_t fraction = bits & 0xFFFFFFFFFFFFFu;
    int exponent = (int)(bits >> 52), is_normal = exponent > 0;
    if (number < 1e15 && (double)(int64_t)number == number)
        set_decimal(decimal, (uint64_t)number, 0);
    else
        shorten(fraction | (uint64_t)is_normal << 52, exponent - 1074 - is_normal,
                !fraction && exponent > 1, decimal);
}

/* --- writing --- */

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
    Decimal decimal;
    read_double(number, &decimal);
    if (decimal.exponent < style->low || decimal.exponent >= style->high)
        return (size_t)(write_scientific(at, &decimal, style->exponent) - text);
    at = write_positional(at, &decimal);
    if (style->whole_with_point && decimal.count <= decimal.exponent + 1)
        at = write_digits(at, ".0", 2);
    return (size_t)(at - text);
}

/* --- reading --- */

static const double POWERS[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
                                1e18, 1e19, 1e20, 1e21, 1e22}; /* all exact */
#define MOST_POWER 22

/* The readers of a number take their part off the begin of the text. */

static int
read_digits(Slice *text, uint64_t *whole)
{
    int count = 0;
    for (; text->length && *text->bytes >= '0' && *text->bytes <= '9'; count++) {
        *whole = *whole * 10 + (uint64_t)(*text->bytes - '0');
        *text = after(*text, 1);
    }
    return count;
}

static int
read_sign(Slice *text)
{
    int negative = text->length && *text->bytes == '-';
    if (text->length && (negative || *text->bytes == '+'))
        *text = after(*text, 1);
    return negative;
}

/* Read the exponent, if there is one; 0 when it has no digits. */
static int
read_exponent(Slice *text, int *exponent)
{
    uint64_t digits = 0;
    if (!text->length || (*text->bytes != 'e' && *text->bytes != 'E'))
        return 1;
    *text = after(*text, 1);
    int negative = read_sign(text), count = read_digits(text, &digits);
    if (count > 9) {
        fail(UNUSUAL);
        return 0;
    }
    *exponent += negative ? -(int)digits : (int)digits;
    return count > 0;
}

/* Read a decimal number, see promote.py; 0 when the text writes none. Where the nearest double is
   not the quotient or the product of two that are exact, it is left to the other decoder. */
static int
parse_number(Slice text, double *number)
{
    uint64_t whole = 0;
    int negative = read_sign(&text), digits = read_digits(&text, &whole), fraction = 0;
    if (text.length && *text.bytes == '.') {
        text = after(text, 1);
        fraction = read_digits(&text, &whole);
    }
    int exponent = -fraction;
    if (!(digits + fraction) || !read_exponent(&text, &exponent) || text.length)
        return 0;
    if (digits + fraction > 15 || abs(exponent) > MOST_POWER) {
        fail(UNUSUAL);
        return 0;
    }
    double magnitude = exponent < 0 ? (double)whole / POWERS[-exponent]
                                    : (double)whole * POWERS[exponent];
    *number = negative ? -magnitude : magnitude;
    return 1;
}
