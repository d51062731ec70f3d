"""One file a page: asks storage, works out what is shown, names the template."""
