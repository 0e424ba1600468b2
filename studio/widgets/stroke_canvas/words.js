// The sentence under the canvas: always what can be done now, for whichever tool, selection and state.

/** The sentence that names the current step. */
function stepSentence(app) {
  const { store, drawing, cursor, tool } = app, number = store.selected + 1;
  if (!app.picture.shown) return store.image ? "The picture is being fetched." : "Load a photo to begin: choose a file, drop one here, or paste it.";
  const where = cursor ? ` Cursor at ${Math.round(cursor[0] * 100)} % across, ${Math.round(cursor[1] * 100)} % down.` : "";
  if (drawing?.keyboard) return `Drawing: arrow keys lead the stroke, Enter ends it, Escape drops it.${where}`;
  if (drawing?.kind === "move") return "Lead it to where it should go. Your speed counts. Lift to finish.";
  if (drawing) return drawing.kind === "pin" ? "Cover what must stay still, then lift." : drawing.erase ? "Wipe off what does not belong to the thing." : "Cover the whole thing, then lift.";
  if (cursor && tool !== "select") return `Arrow keys move the cursor (Shift: further), Enter starts a ${tool === "move" ? "stroke" : tool === "pin" ? "pin" : "brush"}.${where}`;
  if (tool === "pin") return "Tap or brush over what must stay still.";
  if (tool === "brush") return store.stroke?.kind === "move" ? `Brush over the whole thing that stroke ${number} moves. Hold Alt to wipe off.` : "Select a move stroke, then brush over the whole thing that it moves.";
  if (tool === "select") return store.stroke ? `Drag stroke ${number} or its white points. Delete removes it.` : store.strokes.length ? "Click a stroke to change it." : "There is no stroke yet: take Move and draw one.";
  if (!store.strokes.some((s) => s.kind === "move")) return "Draw from the thing to where it should go. It moves a second after you lift the pen.";
  if (app.mode === "motion") return "A rough look at the motion. Draw another stroke, pin what must stay still, or press Run for the full clip.";
  return "Draw another stroke, or pin what must stay still.";
}
