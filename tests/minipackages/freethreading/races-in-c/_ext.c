#include <Python.h>

static long counted;

static __attribute__((noinline)) void add_one(void)
{
    counted++;
}

static PyObject *count(PyObject *self, PyObject *times)
{
    for (long i = PyLong_AsLong(times); i > 0; i--)
        add_one();
    Py_RETURN_NONE;
}

static PyObject *total(PyObject *self, PyObject *nothing)
{
    return PyLong_FromLong(counted);
}

static PyMethodDef methods[] = {
    {"count", count, METH_O, NULL},
    {"total", total, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot slots[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_ext", NULL, 0, methods, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__ext(void)
{
    return PyModuleDef_Init(&module);
}
