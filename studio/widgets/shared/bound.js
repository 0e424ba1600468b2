// A widget's value on its way to Python and back: what the widget told is not taken for news when Gradio hands it back.
// Whoever extends it has `props`, `value()`, and `print(value)`: what two values must share to be the same.

const Bound = (Base) => class extends Base {
  tell() {
    const now = JSON.parse(JSON.stringify(this.value()));
    this.kept = this.print(now);
    this.props.value = now;
  }

  /** What Python set (a restored run, an example, a result sent here), or null when it is what the widget itself told. */
  news() {
    const given = JSON.parse(JSON.stringify(this.props.value ?? {})), print = this.print(given);
    if (print === this.kept) return null;
    this.kept = print;
    return given;
  }
};
