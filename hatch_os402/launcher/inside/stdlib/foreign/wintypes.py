"""`ctypes.wintypes`: the names that Windows has for types, which its documentation lists ("Windows Data Types")."""

import sys

_ctypes = sys.modules[__package__]  # under whichever name it was imported
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._compound import Structure
else:
    Structure = _ctypes.Structure

_NAMES = {
    "c_byte": "BYTE BOOLEAN",
    "c_char": "CHAR",
    "c_char_p": "LPCSTR LPSTR",
    "c_double": "DOUBLE",
    "c_float": "FLOAT",
    "c_int": "INT",
    "c_long": "BOOL LONG",
    "c_longlong": "_LARGE_INTEGER LARGE_INTEGER",
    "c_short": "SHORT",
    "c_ssize_t": "LPARAM",
    "c_size_t": "WPARAM",
    "c_uint": "UINT",
    "c_ulong": "COLORREF DWORD LCID LCTYPE LGRPID ULONG",
    "c_ulonglong": "_ULARGE_INTEGER ULARGE_INTEGER",
    "c_ushort": "ATOM LANGID USHORT WORD",
    "c_void_p": (
        "HACCEL HANDLE HBITMAP HBRUSH HCOLORSPACE HDC HDESK HDWP HENHMETAFILE HFONT HGDIOBJ HGLOBAL HHOOK HICON "
        "HINSTANCE HKEY HKL HLOCAL HMENU HMETAFILE HMODULE HMONITOR HPALETTE HPEN HRGN HRSRC HSTR HTASK HWINSTA HWND "
        "LPCVOID LPVOID SC_HANDLE SERVICE_STATUS_HANDLE"
    ),
    "c_wchar": "WCHAR",
    "c_wchar_p": "LPCOLESTR LPCWSTR LPOLESTR LPWSTR OLESTR",
}
"""Those of ctypes."""
_STRUCTURES = {
    "RECT": ("tagRECT _RECTL RECTL", "left top right bottom: LONG"),
    "_SMALL_RECT": ("SMALL_RECT", "Left Top Right Bottom: SHORT"),
    "_COORD": ("", "X Y: SHORT"),
    "POINT": ("tagPOINT _POINTL POINTL", "x y: LONG"),
    "SIZE": ("tagSIZE SIZEL", "cx cy: LONG"),
    "FILETIME": ("_FILETIME", "dwLowDateTime dwHighDateTime: DWORD"),
    "MSG": ("tagMSG", "hWnd: HWND; message: UINT; wParam: WPARAM; lParam: LPARAM; time: DWORD; pt: POINT"),
}
"""Their other names, and their fields."""
_FOUND = (
    "dwFileAttributes: DWORD; ftCreationTime ftLastAccessTime ftLastWriteTime: FILETIME; "
    "nFileSizeHigh nFileSizeLow dwReserved0 dwReserved1: DWORD; cFileName: CHAR 260; cAlternateFileName: CHAR 14"
)
for _kind in "AW":
    _char = "CHAR" if _kind == "A" else "WCHAR"
    _STRUCTURES["WIN32_FIND_DATA" + _kind] = (
        "",
        _FOUND.replace("CHAR", _char),
    )
_POINTERS = (
    "LPBOOL PBOOL PBOOLEAN LPBYTE PBYTE PCHAR LPCOLORREF LPDWORD PDWORD LPFILETIME PFILETIME PFLOAT LPHANDLE PHANDLE "
    "PHKEY LPHKL LPINT PINT PLARGE_INTEGER PLCID LPLONG PLONG LPMSG PMSG LPPOINT PPOINT PPOINTL LPRECT PRECT LPRECTL "
    "PRECTL LPSC_HANDLE PSHORT LPSIZE PSIZE LPSIZEL PSIZEL PSMALL_RECT LPUINT PUINT PULARGE_INTEGER PULONG PUSHORT "
    "PWCHAR LPWIN32_FIND_DATAA PWIN32_FIND_DATAA LPWIN32_FIND_DATAW PWIN32_FIND_DATAW LPWORD PWORD"
)
MAX_PATH = 260


class VARIANT_BOOL(_ctypes._SimpleCData):  # type: ignore[misc, name-defined]  # noqa: N801 - Windows' name
    """A boolean of OLE automation."""

    _type_ = "h"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"


def RGB(red: int, green: int, blue: int) -> int:  # noqa: N802 - Windows' name
    """Return a colour as a number."""
    return red + (green << 8) + (blue << 16)


def _define(space: "dict[str, Any]") -> None:
    for kind, names in _NAMES.items():
        space.update(dict.fromkeys(names.split(), getattr(_ctypes, kind)))
    for name, (others, text) in _STRUCTURES.items():
        fields = []
        for part in text.split(";"):
            field_names, _, declared = part.partition(":")
            kind, *length = declared.split()
            field_type = space[kind] * int(length[0]) if length else space[kind]
            fields += [(field, field_type) for field in field_names.split()]
        kind_of_kinds: Any = type(Structure)
        made = kind_of_kinds(name, (Structure,), {"_fields_": fields, "__module__": __name__})
        space.update(dict.fromkeys((name, *others.split()), made))
    for name in _POINTERS.split():
        target = name.removeprefix("L").removeprefix("P")
        space[name] = _ctypes.POINTER(space[target])


_define(globals())
