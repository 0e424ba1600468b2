// What is on the board outlives a reload: it is kept in the browser until a run holds it.

class Drafts {
  constructor(tab) { Object.assign(this, { key: `draft.${tab}`, run: `run.${tab}` }); }

  /** The value, with the run that the tab shows now: an older draft than that run is of no use. */
  keep(value) { K.store.set(this.key, { run: K.store.get(this.run), value: JSON.parse(JSON.stringify(value)) }); }

  /** The kept value, or null: there is none, a run came since, or the page was opened on a run. */
  take() {
    const draft = K.store.get(this.key);
    const linked = new URLSearchParams(location.search).has("run");
    return !linked && draft?.value?.plan && (draft.run ?? null) === K.store.get(this.run) ? draft.value : null;
  }
}

/** The ids of scenes whose files the studio does not have any more. */
async function lostFiles(plan) {
  const lost = [];
  for (const { id, source } of plan.scenes) {
    for (const file of [source.file, source.image]) {
      const there = !file || await fetch(file.url, { method: "HEAD" }).then((answer) => answer.ok, () => true);
      if (!there) lost.push(id);
    }
  }
  return lost;
}
