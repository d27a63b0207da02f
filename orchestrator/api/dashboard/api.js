// The controller's HTTP API. Failures are errors in words, with the remedy the API names.

const PATIENCE_MS = 5000; // A controller that is stopped takes connections and says nothing.

export async function get(path) {
  return answer(await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS) }));
}

export async function post(path, body = {}) {
  const request = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  return answer(await fetch(path, request));
}

async function answer(response) {
  if (response.ok) return response.status === 204 ? null : response.json();
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // Not from the API: the status says what there is to say.
  }
  const words = [problem.detail ?? `the controller answered ${response.status}`, problem.remedy];
  throw new Error(words.filter(Boolean).join(" – "));
}

// Lines of JSON as they come, until `signal` aborts.
export async function* lines(path, signal) {
  const response = await fetch(path, { signal });
  if (!response.ok) await answer(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) if (part) yield JSON.parse(part);
  }
}
