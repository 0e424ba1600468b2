// What the kinds of backgrounds are called.
const K = window.kinora;
const KINDS = { blur: "Blur what is there", colour: "A plain colour", transparent: "Nothing: transparent", picture: "A picture", clip: "A clip", words: "In words" };
