/** The human side of the sandbox, `/sandbox/…`: one function a route. */

/** What the server refused, in its own words. */
export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(`/sandbox/${path}`, {
      method,
      headers: body && !(body instanceof FormData) ? { 'Content-Type': 'application/json' } : undefined,
      body: body instanceof FormData ? body : body && JSON.stringify(body),
    });
  } catch {
    throw new Refusal(0, 'offline');
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    answer = { detail: text };
  }
  if (!response.ok) throw new Refusal(response.status, wordsOf(answer) || `HTTP ${response.status}`);
  return answer;
}

function wordsOf(answer) {
  const detail = answer?.detail ?? answer?.description;
  if (Array.isArray(detail)) return detail.map((one) => `${one.loc?.at(-1) ?? ''}: ${one.msg}`).join('\n');
  return typeof detail === 'string' ? detail : '';
}

const query = (values) =>
  new URLSearchParams(Object.entries(values).filter(([, value]) => value !== undefined && value !== null)).toString();

const get = (path, values) => call('GET', values ? `${path}?${query(values)}` : path);
const post = (path, body) => call('POST', path, body);

/** Where something happens: a private chat is named by its bot, a group by its id. */
export const placeOf = (row) => (row.bot ? { bot: row.bot } : { chat: row.chat.id });

export const people = () => get('people');
export const savePerson = (person) => post('people', person);
export const bots = () => get('bots');
export const chats = (person) => get('chats', { person });
export const messages = ({ bot, chat, topic, person }) => get('messages', { bot, chat, topic, person });
/** What changed after a number, without waiting: {seq, reset, changes}. */
export const changes = (after) => get('changes', { after, wait: 0 });

export const say = (body) => post('say', body);
export const edit = (body) => post('edit', body);
export const react = (body) => post('react', body);
export const remove = (body) => post('delete', body);
export const pin = (body) => post('pin', body);
export const press = (body) => post('press', body);
export const keyboard = (body) => post('keyboard', body);
export const webAppData = (body) => post('web-app-data', body);
export const openApp = (body) => post('open-app', body);
export const block = (user, bot, blocked) => post('block', { user, bot, blocked });

export const makeGroup = (body) => post('groups', body);
/** Who is, or was, in a group: `ChatMember` objects. */
export const members = async (chat) => (await get('groups')).find((group) => group.chat.id === chat)?.members ?? [];
export const setMember = (body) => post('members', body);
export const setBotRights = (body) => post('bot-rights', body);
export const makeTopic = (body) => post('topics', body);
export const changeTopic = (what, body) => post(`topics/${what}`, body);

export const stars = (person) => get('stars', { person });
export const setStars = (user, balance) => post('stars', { user, balance });
export const invoice = (slug) => get('invoice', { slug });
export const pay = (body) => post('pay', body);

/** Uploads a file; its `file_id`. */
export async function upload(blob, name, kind) {
  const form = new FormData();
  form.append('file', blob, name);
  if (kind) form.append('kind', kind);
  const answer = await post('files', form);
  return answer.file_id;
}

/** The address of a file; thumbnails are files too. */
export const fileAddress = (id) => `/sandbox/files/${encodeURIComponent(id)}`;
