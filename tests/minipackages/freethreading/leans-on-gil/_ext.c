#include <Python.h>

struct table { long uses; };
static struct table the_table;
static struct table *volatile current; /* volatile: each thread looks anew */

/* Safe under the GIL alone: without it, another thread may take the table away at any moment. */
static PyObject *use(PyObject *self, PyObject *count)
{
    for (long i = PyLong_AsLong(count); i > 0; i--) {
        if (current == NULL)
            current = &the_table;
        for (int times = 0; times < 100; times++)
            current->uses++;
        current = NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"use", use, METH_O, NULL}, {NULL, NULL, 0, NULL}};
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
