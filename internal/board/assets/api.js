// Requests to the server of this page.
async function get(path, parameters) {
  const response = await fetch(path + "?" + new URLSearchParams(parameters));
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? response.statusText);
  return answer;
}

export const getRuns = (since) => get("api/runs", { since });
export const getRun = (id) => get("api/run", { id });
export const getParameters = (id, checkpoint) => get("api/parameters", { id, checkpoint });
export const imageURL = (id, image) => "image?" + new URLSearchParams({ id, name: image.name, v: image.version });

// getCurves asks for curves of runs in a view.
export function getCurves(ids, curves, view, from, to, width) {
  const parameters = { ids: ids.join("."), curves: curves.join(","), x: view.axis, smooth: view.smooth, width };
  if (view.logX) parameters.logx = 1;
  if (from !== null) Object.assign(parameters, { from, to });
  return get("api/curves", parameters);
}

// generate posts an order and calls receive with every message of the answer.
export async function generate(order, signal, receive) {
  const response = await fetch("api/generate", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order), signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) receive(JSON.parse(line));
  }
}
