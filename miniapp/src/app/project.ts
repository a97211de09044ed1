/** What the backend writes into the page's head, so that the first paint already has the project's look. */
export interface Theme {
  scheme: 'dark' | 'light';
  background: string;
  surface: string;
  text: string;
  muted: string;
  accent: string;
  accent_text: string;
  font: 'serif' | 'sans' | 'rounded' | 'mono';
  pattern: 'stars' | 'botanical' | 'geometric' | 'none';
}

export interface PageProject {
  slug: string;
  /** By language. */
  name: Record<string, string>;
  theme: Theme;
  languages: string[];
  bot_username: string | null;
  demo: boolean;
  /** In the demo: the origin of the page that plays Telegram's web client. */
  desk: string | null;
}

export const projectName = (project: PageProject, language: string): string =>
  project.name[language] ?? project.name[project.languages[0] ?? ''] ?? Object.values(project.name)[0] ?? '';

/** The project of this page, or null when the address names none that is switched on. */
export function readPageProject(page: Document = document): PageProject | null {
  const block = page.getElementById('arcana-project')?.textContent;
  if (!block) return null;
  try {
    return JSON.parse(block) as PageProject;
  } catch {
    return null;
  }
}
