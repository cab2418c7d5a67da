// Talks to the stage's controls. A refusal is shown to the reader, never swallowed.
import { toast } from "./toast.js";

/** Read JSON; null when it cannot be had (the live lamp tells). */
export async function ask(path, query = {}) {
  const search = new URLSearchParams(query).toString();
  try {
    const answer = await fetch(`/play/${path}${search ? `?${search}` : ""}`);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** Send JSON; returns the answer, or null after the refusal was shown. */
export async function tell(path, body) {
  let answer, found;
  try {
    answer = await fetch(`/play/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    found = await answer.json();
  } catch (error) {
    toast({ tone: "bad", title: "The simulated world does not answer", text: String(error) });
    return null;
  }
  if (!answer.ok) {
    toast({ tone: "warn", title: "Not sent", text: found.error ?? `status ${answer.status}` });
    return null;
  }
  for (const reason of found.refused ?? []) {
    toast({ tone: "warn", title: "Discord says", text: reason });
  }
  return found;
}
