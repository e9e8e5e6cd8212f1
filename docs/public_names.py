"""For the API pages: `stability.load` is the function, not the file `load.py` that has the same name.

The reader of the docstrings knows both and takes the file. What an `__init__.py` imports by name is
what users of Python see.
"""

from collections.abc import Iterator

import griffe


class PublicNames(griffe.Extension):
    """Puts what every package imports by name in the place of files of the same name."""

    def on_package(self, *, pkg: griffe.Module, **_: object) -> None:
        """Looks everything up first: where a file's place is taken, no path leads through it any more."""
        found = [
            (package, name, _definition(pkg, path))
            for package in _packages(pkg)
            for name, path in package.imports.items()
            if path.startswith(f"{pkg.name}.") and path != f"{package.path}.{name}"
        ]
        for package, name, target in found:
            package.members[name] = griffe.Alias(name, target, parent=package)


def _packages(package: griffe.Module) -> Iterator[griffe.Module]:
    yield package
    for module in package.modules.values():
        if module.is_init_module and not module.is_alias:
            yield from _packages(module)


def _definition(pkg: griffe.Module, path: str) -> griffe.Object:
    """What the path of an import means, through the imports of the packages on the way."""
    module_path, _, name = path.rpartition(".")
    module = pkg if module_path == pkg.path else pkg[module_path.removeprefix(f"{pkg.path}.")]
    imported = module.imports.get(name, path)
    return _definition(pkg, imported) if imported != path else module.members[name]
