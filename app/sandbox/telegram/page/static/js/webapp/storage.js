/** What a Mini App keeps with its client: device, secure and cloud storage, for one person and one bot. */

const LARGEST = { device: 5 * 1024 * 1024, secure: 64 * 1024, cloud: 4 * 1024 * 1024 };

export class AppStorage {
  constructor(bot, person) {
    this.prefix = `desk:app:${bot}:${person}`;
  }

  read(kind) {
    try {
      return JSON.parse(localStorage.getItem(`${this.prefix}:${kind}`) ?? '{}');
    } catch {
      return {};
    }
  }

  /** The value under `key`, or null. */
  get(kind, key) {
    const stored = this.read(kind);
    return Object.hasOwn(stored, key) ? stored[key] : null;
  }

  /** Keeps a value, or forgets it when it is null; false if there is no room for it. */
  set(kind, key, value) {
    const stored = this.read(kind);
    if (value === null) delete stored[key];
    else
      Object.defineProperty(stored, key, {
        value: String(value),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    const text = JSON.stringify(stored);
    if (text.length > LARGEST[kind]) return false;
    localStorage.setItem(`${this.prefix}:${kind}`, text);
    return true;
  }

  clear(kind) {
    localStorage.removeItem(`${this.prefix}:${kind}`);
  }

  /** The methods of CloudStorage, which go through `web_app_invoke_custom_method`; throws for others. */
  invoke(method, params) {
    if (method === 'saveStorageValue') {
      if (!/^[\w-]{1,128}$/.test(params.key)) throw new Error('KEY_INVALID');
      if (String(params.value).length > 4096) throw new Error('VALUE_TOO_LONG');
      return this.set('cloud', params.key, params.value || null);
    }
    if (method === 'getStorageValues')
      return Object.fromEntries(params.keys.map((key) => [key, this.get('cloud', key) ?? '']));
    if (method === 'deleteStorageValues') return params.keys.every((key) => this.set('cloud', key, null));
    if (method === 'getStorageKeys') return Object.keys(this.read('cloud'));
    throw new Error('UNKNOWN_METHOD');
  }
}
