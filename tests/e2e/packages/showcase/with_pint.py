"""Units from its own file, with a cache in the home folder: conversions, and a mistake in dimensions."""

import pint


def facts():
    units = pint.UnitRegistry(cache_folder=":auto:")
    try:
        units("3 meter").to("second")
    except pint.DimensionalityError as error:
        return [str(units("2 inch").to("cm")), str(units("9.81 m/s**2") * units("2 kg")), str(error)]
    return "no mistake"
