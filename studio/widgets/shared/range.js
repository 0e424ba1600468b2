// Sliders whose track is filled from the place of rest to the value.

function fillRange(input, rest = Number(input.min)) {
  const low = Number(input.min), share = (value) => `${((value - low) / (Number(input.max) - low)) * 100}%`;
  input.style.setProperty("--kin-from", share(Math.min(rest, Number(input.value))));
  input.style.setProperty("--kin-to", share(Math.max(rest, Number(input.value))));
}
