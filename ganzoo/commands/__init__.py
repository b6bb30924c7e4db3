"""The commands of the core, one file each or a small family. ``ganzoo.builtins`` gives them through the hook ``ganzoo_commands``.

Help imports these modules: what is heavy is imported inside the functions. ``GROUP`` is the heading of help.
"""
