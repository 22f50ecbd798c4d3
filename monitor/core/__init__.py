"""Pure rooms: values in, values out. No input or output, no clock, no settings, no SQL."""
