import type { PageProject } from '@/app/project';
import type { Platform } from './platform';
import { browserStorage, localKeyValue } from './storage';

interface DemoPerson {
  id: number;
  first_name: string;
}

/**
 * A plain browser. In the demo it signs in as a person of its own; otherwise it can only point to Telegram, unless
 * Telegram's own signed data came along.
 */
export function createWebPlatform(project: PageProject, launchData?: string): Platform {
  const person = project.demo && !launchData ? demoPerson(project.slug) : null;
  return {
    name: 'web',
    account: person ? String(person.id) : 'nobody',
    languageCode: navigator.language.slice(0, 2).toLowerCase(),
    colours: null,
    hasBackButton: false,
    sessionOrder: launchData ? ['sign-in'] : ['refresh', 'sign-in'],
    storage: localKeyValue,
    initData: () => (person ? demoInitData(project.slug, person) : Promise.resolve(launchData ?? null)),
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
    openBot: (username) => window.open(`https://t.me/${username}`, '_blank', 'noopener'),
    ...(person
      ? {
          renew() {
            browserStorage.erase(demoPersonKey(project.slug));
            location.assign(`/${project.slug}/`);
          },
        }
      : {}),
  };
}

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
    }),
  });
  if (!response.ok) throw new TypeError(`The demo sign-in answered ${response.status}`);
  const body = (await response.json()) as { init_data: string };
  return body.init_data;
}
