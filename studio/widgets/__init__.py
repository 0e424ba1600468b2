"""Browser widgets: each is a package with its Python component and the JavaScript and CSS that it needs."""
