import type { KeyValueStorage } from './platform';

/** Storage may be full or forbidden (private windows, some web views): the app then lives without a memory. */
export const browserStorage = {
  read(key: string): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  write(key: string, value: string): void {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Nothing is lost but convenience.
    }
  },
  erase(key: string): void {
    try {
      localStorage.removeItem(key);
    } catch {
      // It was never written.
    }
  },
};

export const localKeyValue: KeyValueStorage = {
  get: (key) => Promise.resolve(browserStorage.read(key)),
  set(key, value) {
    browserStorage.write(key, value);
    return Promise.resolve();
  },
  remove(key) {
    browserStorage.erase(key);
    return Promise.resolve();
  },
};
