// Finding the audit records behind a message, and saying what a record tells.

const TONES = { success: "ok", pending: "wait", denied: "bad", failure: "bad", invalid: "warn", unavailable: "warn", unknown: "warn" };
const SIGNS = { ok: "✓", wait: "…", bad: "✕", warn: "!" };
const SHORT = /\b(?:audit|approval|reference|incident|id)\s+([a-z0-9]{4,16})\b/g;
const NEAR = 5000;

/** Return sign, tone and word of a record's result; an intent has no result yet. */
export function verdict(record) {
  const word = record.phase === "intent" ? "begun" : record.result;
  const tone = TONES[record.result] ?? "warn";
  return { tone, sign: SIGNS[tone], word };
}

/** Return a record's command with its arguments, as typed. */
export function typedOf(record) {
  const said = Object.entries(record.args ?? {}).map(([name, value]) => `${name}:${typeof value === "object" ? "{…}" : value}`);
  return [record.command, ...said].join(" ").slice(0, 140);
}

/** Return the decision of a record in words. */
export function decision(record) {
  if (!record.rbac) return null;
  return { allowed: record.rbac.allow, rule: record.rbac.rule, policy: record.policy?.sha ?? "" };
}

/** Return the records behind a Discord message, and how they were found. */
export function behindDiscord(message, records) {
  const words = JSON.stringify([message.content, message.components]);
  const interaction = message.interaction_metadata?.id;
  const delivered = interaction ? records.filter((each) => each.delivery?.includes(interaction) || each.delivery?.includes(message.id)) : [];
  return gather(words, delivered, Date.parse(message.timestamp), records);
}

/** Return the records behind a Telegram message, and how they were found. */
export function behindTelegram(message, records) {
  const words = message.text ?? message.caption ?? "";
  const theirs = records.filter((each) => each.platform === "telegram");
  return gather(words, [], message.date * 1000, theirs.length ? theirs : records, records);
}

function gather(words, delivered, at, near, records = near) {
  const short = [...words.matchAll(SHORT)].map((match) => match[1]);
  const named = records.filter((each) => short.some((id) => each.corr.startsWith(id)));
  const direct = unique([...named, ...delivered]);
  const related = unique([...direct, ...records.filter((each) => direct.some((known) => linked(known, each)))]);
  if (related.length) {
    return { records: related, how: named.length ? `by the id ${short.join(", ")} in the message` : "by the interaction that was answered" };
  }
  const close = near.filter((each) => Math.abs(Date.parse(each.timestamp) - at) < NEAR);
  if (close.length) return { records: close.slice(-3), how: "by time: within five seconds of the message, no id in it" };
  return { records: [], how: "" };
}

function linked(known, other) {
  const ids = Object.values(other.args ?? {}).filter((value) => typeof value === "string");
  const links = Object.values(other.links ?? {});
  return other.corr === known.corr || [...ids, ...links].some((id) => id.length >= 8 && known.corr.startsWith(id));
}

const unique = (records) => [...new Map(records.map((each) => [each.seq, each])).values()].sort((a, b) => a.seq - b.seq);
