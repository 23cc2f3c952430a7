"""Modules of ainnbench: measuring libainn and other codecs side by side."""
