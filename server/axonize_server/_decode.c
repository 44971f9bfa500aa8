/* OTLP trace requests to one block of the table `spans`, in ClickHouse's Native format.

   axonize_server.ingest.native says what is promised. What is unusual (a damaged body, engine
   steps ...) is not decided here: `add` returns None, and the decoder that is
   built of Arrow reads the request. So both have one meaning, which one test suite checks. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/buffer.h"
#include "native/utf8.h"
#include "native/wire.h"
#include "native/dictionary.h"
#include "native/numbers.h"
#include "native/value.h"
#include "native/columns.h"
#include "native/promote.h"
#include "native/block.h"
#include "native/request.h"

typedef struct {
    PyObject_HEAD
    Columnar block;
    Bounds bounds;
} NativeBlock;

/* --- the table of promoted attributes --- */

static char *
copied(PyObject *text)
{
    Py_ssize_t length;
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, &length);
    char *copy = utf8 ? malloc((size_t)length + 1) : NULL;
    if (!copy)
        return utf8 ? (char *)PyErr_NoMemory() : NULL;
    return memcpy(copy, utf8, (size_t)length + 1);
}

static int
read_keys(Column *column, PyObject *keys)
{
    Py_ssize_t count = PyTuple_GET_SIZE(keys);
    if (!(column->keys = calloc((size_t)count + 1, sizeof *column->keys)))
        return PyErr_NoMemory(), -1;
    for (; column->key_count < count; column->key_count++) {
        PyObject *name;
        Key *key = &column->keys[column->key_count];
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(keys, column->key_count), "Ud", &name, &key->scale) ||
            !(key->name = copied(name)))
            return -1;
    }
    return 0;
}

static const struct {
    const char *name;
    int is_text, is_float, is_flag, width;
} TYPES[] = {{"LowCardinality(String)", 1, 0, 0, 0},
             {"Bool", 0, 0, 1, 1},
             {"UInt8", 0, 0, 0, 1},
             {"UInt16", 0, 0, 0, 2},
             {"UInt32", 0, 0, 0, 4},
             {"UInt64", 0, 0, 0, 8},
             {"Float32", 0, 1, 0, 4},
             {"Float64", 0, 1, 0, 8}};

static int
read_type(Column *column)
{
    for (size_t i = 0; i < COUNT(TYPES); i++) {
        if (strcmp(TYPES[i].name, column->type))
            continue;
        column->is_text = TYPES[i].is_text;
        column->is_float = TYPES[i].is_float;
        column->is_flag = TYPES[i].is_flag;
        column->width = TYPES[i].width;
        return 0;
    }
    PyErr_Format(PyExc_ValueError, "a promoted column cannot be %s", column->type);
    return -1;
}

static int
read_columns(Columns *columns, PyObject *table)
{
    Py_ssize_t count = PyTuple_GET_SIZE(table);
    if (!(columns->columns = calloc((size_t)count + 1, sizeof *columns->columns)))
        return PyErr_NoMemory(), -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name, *type, *keys;
        Column *column = &columns->columns[columns->count++];
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(table, i), "UUO!", &name, &type, &PyTuple_Type,
                              &keys) ||
            !(column->name = copied(name)) || !(column->type = copied(type)) ||
            read_type(column) < 0 || read_keys(column, keys) < 0)
            return -1;
    }
    link_keys(columns);
    return 0;
}

static int
read_gpu_fields(Gpus *gpus, PyObject *fields)
{
    size_t count = (size_t)PyTuple_GET_SIZE(fields);
    gpus->names = calloc(count + 1, sizeof *gpus->names);
    gpus->column_names = calloc(count + 1, sizeof *gpus->column_names);
    gpus->lists = calloc(count + 1, sizeof *gpus->lists);
    if (!gpus->names || !gpus->column_names || !gpus->lists)
        return PyErr_NoMemory(), -1;
    for (; (size_t)gpus->count < count; gpus->count++) {
        PyObject *field = PyTuple_GET_ITEM(fields, gpus->count);
        PyObject *column = PyUnicode_FromFormat("gpu.%U", field);
        if (!column)
            return -1;
        gpus->names[gpus->count] = copied(field);
        gpus->column_names[gpus->count] = copied(column);
        Py_DECREF(column);
        if (!gpus->names[gpus->count] || !gpus->column_names[gpus->count]) {
            free(gpus->names[gpus->count]);
            free(gpus->column_names[gpus->count]);
            return -1;
        }
    }
    return 0;
}

/* --- the type --- */

static void
block_dealloc(NativeBlock *self)
{
    close_block(&self->block);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *
block_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"span_columns", "resource_columns", "gpu_fields", "bounds", NULL};
    PyObject *spans, *resources, *gpu_fields;
    Bounds bounds;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!O!O!(nnnnnn)", names, &PyTuple_Type, &spans,
                                     &PyTuple_Type, &resources, &PyTuple_Type, &gpu_fields,
                                     &bounds.most_parsed, &bounds.most_stored, &bounds.span_bytes,
                                     &bounds.message_bytes, &bounds.row_bytes,
                                     &bounds.gpu_bytes))
        return NULL;
    NativeBlock *self = (NativeBlock *)type->tp_alloc(type, 0); /* zeroed */
    if (!self)
        return NULL;
    self->bounds = bounds;
    fault = FINE;
    if (read_columns(&self->block.span_columns, spans) == 0 &&
        read_columns(&self->block.resource_columns, resources) == 0 &&
        read_gpu_fields(&self->block.gpus, gpu_fields) == 0) {
        if (open_block(&self->block) == 0)
            return (PyObject *)self;
        PyErr_NoMemory();
    }
    Py_DECREF(self);
    return NULL;
}

static PyObject *
block_add(NativeBlock *self, PyObject *args)
{
    Py_buffer body;
    const char *tenant;
    Py_ssize_t tenant_length;
    if (!PyArg_ParseTuple(args, "s#y*", &tenant, &tenant_length, &body))
        return NULL;
    Request request = {.block = &self->block, .bounds = &self->bounds,
                       .tenant = {(const uint8_t *)tenant, (size_t)tenant_length}};
    int outcome;
    Py_BEGIN_ALLOW_THREADS
    outcome = add_request(&request, (Slice){body.buf, (size_t)body.len});
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&body);
    if (outcome == NO_MEMORY)
        return PyErr_NoMemory();
    if (outcome == UNUSUAL)
        Py_RETURN_NONE;
    return Py_BuildValue("KKni", (unsigned long long)request.accepted,
                         (unsigned long long)request.rejected, (Py_ssize_t)request.stored,
                         request.text_replaced);
}

static PyObject *
block_data(NativeBlock *self, PyObject *Py_UNUSED(none))
{
    size_t most = most_bytes(&self->block);
    PyObject *data = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)most);
    if (!data)
        return NULL;
    Buffer out = {(uint8_t *)PyBytes_AS_STRING(data), 0, most, 1};
    fault = FINE;
    Py_BEGIN_ALLOW_THREADS
    write_block(&out, &self->block);
    Py_END_ALLOW_THREADS
    if (fault != FINE) {
        Py_DECREF(data);
        return PyErr_NoMemory();
    }
    _PyBytes_Resize(&data, (Py_ssize_t)out.length);
    return data;
}

static PyObject *
block_clear(NativeBlock *self, PyObject *Py_UNUSED(none))
{
    return PyLong_FromSize_t(clear_block(&self->block));
}

static PyMethodDef block_methods[] = {
    {"add", (PyCFunction)block_add, METH_VARARGS, "Add the spans of a tenant's request."},
    {"data", (PyCFunction)block_data, METH_NOARGS, "Return the block as bytes."},
    {"clear", (PyCFunction)block_clear, METH_NOARGS,
     "Remove the rows; return how many bytes of memory stay for others."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject block_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "axonize_server._decode.Block",
    .tp_doc = "Rows of spans, built from requests by one thread at a time.",
    .tp_basicsize = sizeof(NativeBlock),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = block_new,
    .tp_dealloc = (destructor)block_dealloc,
    .tp_methods = block_methods,
};

/* For the tests of what happens without memory. */
static PyObject *
fail_allocation(PyObject *Py_UNUSED(module), PyObject *number)
{
    allocations_left = PyLong_AsLong(number);
    if (allocations_left == -1 && PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
set_powers_of_ten(PyObject *Py_UNUSED(module), PyObject *table)
{
    if (!PyBytes_Check(table) || PyBytes_GET_SIZE(table) != sizeof powers_of_ten)
        return PyErr_Format(PyExc_ValueError, "the table takes %zu bytes", sizeof powers_of_ten);
    memcpy(powers_of_ten, PyBytes_AS_STRING(table), sizeof powers_of_ten);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"set_powers_of_ten", set_powers_of_ten, METH_O,
     "Give the table by which numbers are written; before the first Block is filled."},
    {"fail_allocation", fail_allocation, METH_O,
     "Let one allocation of this thread fail, after so many others; -1: none."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef decode_module = {PyModuleDef_HEAD_INIT,
                                           .m_name = "axonize_server._decode",
                                           .m_size = -1,
                                           .m_methods = functions};

/* Fill the key of the hash with random bytes. */
static int
seed_hash(void)
{
    PyObject *os = PyImport_ImportModule("os");
    PyObject *bytes = os ? PyObject_CallMethod(os, "urandom", "n", (Py_ssize_t)sizeof hash_key)
                         : NULL;
    if (bytes)
        memcpy(hash_key, PyBytes_AS_STRING(bytes), sizeof hash_key);
    Py_XDECREF(os);
    Py_XDECREF(bytes);
    return bytes ? 0 : -1;
}

PyMODINIT_FUNC
PyInit__decode(void)
{
    PyObject *module = PyModule_Create(&decode_module);
    if (!module || seed_hash() < 0 || PyType_Ready(&block_type) < 0 ||
        PyModule_AddObjectRef(module, "Block", (PyObject *)&block_type) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
