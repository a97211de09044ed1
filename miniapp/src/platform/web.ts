import type { PageProject } from '@/app/project';
import type { Platform } from './platform';
import { botLink, takeGiftLink, takeLoginCode } from './links';
import { browserStorage, localKeyValue } from './storage';

interface DemoPerson {
  id: number;
  first_name: string;
}

/**
 * A plain browser. A link from the bot signs in by its one-time code, and the session goes on from there. In the demo
 * it signs in as a person of its own; otherwise it can only point to Telegram, unless Telegram's own signed data came
 * along.
 */
export function createWebPlatform(project: PageProject, launchData?: string): Platform {
  let code = takeLoginCode(window);
  // Also where this only stands in for a client of Telegram that is not known yet.
  const startParam = takeGiftLink(window) ?? new URLSearchParams(launchData).get('start_param');
  // The demo's own person gives way to whoever came by a link, also after a reload.
  if (project.demo && code) browserStorage.write(byLinkKey(project.slug), 'yes');
  const byLink = browserStorage.read(byLinkKey(project.slug)) !== null;
  const person = project.demo && !launchData && !byLink ? demoPerson(project.slug) : null;
  return {
    name: 'web',
    account: person ? String(person.id) : 'nobody',
    languageCode: navigator.language.slice(0, 2).toLowerCase(),
    colours: null,
    hasBackButton: false,
    sessionOrder: launchData ? ['sign-in'] : ['refresh', 'sign-in'],
    storage: localKeyValue,
    startParam,
    initData: () => (person ? demoInitData(project.slug, person) : Promise.resolve(launchData ?? null)),
    takeLoginCode() {
      const taken = code;
      code = null;
      return taken;
    },
    onColours: () => () => undefined,
    setBack: () => undefined,
    paint({ header }) {
      let meta = document.querySelector<HTMLMetaElement>('meta[name="theme-color"]');
      if (!meta) {
        meta = document.createElement('meta');
        meta.name = 'theme-color';
        document.head.append(meta);
      }
      meta.content = header;
    },
    haptic: () => undefined,
    openBot: (username, start) => window.open(botLink(username, start), '_blank', 'noopener'),
    openInvoice(url) {
      // A browser beside Telegram opens the invoice in the app, which tells this page nothing.
      window.open(url, '_blank', 'noopener');
      return Promise.resolve('unknown');
    },
    openPage: (url) => location.assign(url),
    share,
    ...(project.demo && !launchData
      ? {
          renew() {
            browserStorage.erase(demoPersonKey(project.slug));
            browserStorage.erase(byLinkKey(project.slug));
            location.assign(`/${project.slug}/`);
          },
        }
      : {}),
  };
}

const byLinkKey = (slug: string) => `arcana:${slug}:by-link`;
export const demoPersonKey = (slug: string) => `arcana:${slug}:demo-person`;

function demoPerson(slug: string): DemoPerson {
  const stored = browserStorage.read(demoPersonKey(slug));
  if (stored) {
    try {
      return JSON.parse(stored) as DemoPerson;
    } catch {
      // A broken entry is replaced by a new person.
    }
  }
  const names = navigator.language.startsWith('ru') ? 'Гость' : 'Guest';
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  const person = { id: 1_000_000_000 + (random % 1_000_000_000), first_name: names };
  browserStorage.write(demoPersonKey(slug), JSON.stringify(person));
  return person;
}

async function demoInitData(slug: string, person: DemoPerson): Promise<string> {
  const response = await fetch('/api/v1/dev/init-data', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      project: slug,
      user: { ...person, language_code: navigator.language.slice(0, 2).toLowerCase() },
      place: 'web',
    }),
  });
  if (!response.ok) throw new TypeError(`The demo sign-in answered ${response.status}`);
  const body = (await response.json()) as { init_data: string };
  return body.init_data;
}

async function share(url: string, text: string): Promise<boolean> {
  // Only phones, and pages over https, have a sheet to share with.
  if (!('share' in navigator)) return false;
  try {
    await navigator.share({ url, text });
    return true;
  } catch (error) {
    // Who closed the sheet wants nothing else.
    return error instanceof DOMException && error.name === 'AbortError';
  }
}
