"""One module or package per task: the recipe that turns a request into a result."""
