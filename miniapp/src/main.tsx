import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createCatalogueLoader } from './api/catalogue';
import { createApi } from './api/client';
import { CatalogueContext, createQueryClient } from './api/queries';
import { Session } from './api/session';
import { App } from './app/App';
import { loadFonts } from './app/fonts';
import { Nowhere } from './app/Nowhere';
import { type PageProject, readPageProject } from './app/project';
import { createRouter, type Router, RouterContext } from './app/router';
import { ServicesContext } from './app/services';
import { applyTheme, themeTokens } from './app/theme';
import { isGiftLink, receiveGift } from './features/gift/code';
import { createPlatform, type Platform } from './platform';
import { hasLoginCode, takeGiftLink } from './platform/links';
import './styles/base.css';

async function start(container: HTMLElement): Promise<void> {
  const root = createRoot(container);
  const project = readPageProject();
  if (!project) {
    root.render(<Nowhere />);
    return;
  }
  applyTheme(project.theme, themeTokens(project.theme, null));
  const fonts = loadFonts(project.theme.font);
  const app = await compose(project);
  await fonts;
  root.render(app);
}

async function compose(project: PageProject) {
  const platform = await createPlatform(project);
  const session = new Session(project.slug, platform);
  // The sign-in goes out now; its failure is shown by the first query that needs it.
  void session.token().catch(() => undefined);
  const router = createRouter(project.slug, window);
  followGift(project.slug, platform, router);
  if (platform.name === 'web') followPastedLinks(project.slug, router);
  const services = { project, platform, session, api: createApi(session) };
  return (
    <StrictMode>
      <QueryClientProvider client={createQueryClient()}>
        <ServicesContext value={services}>
          <CatalogueContext value={createCatalogueLoader(project.slug)}>
            <RouterContext value={router}>
              <App />
            </RouterContext>
          </CatalogueContext>
        </ServicesContext>
      </QueryClientProvider>
    </StrictMode>
  );
}

/** A link to a gift leads to it, once: after that, the app's own addresses count. */
function followGift(slug: string, platform: Platform, router: Router): void {
  if (!isGiftLink(platform.startParam) || history.state !== null || router.current().name !== 'home') return;
  receiveGift(slug, platform.startParam);
  router.go({ name: 'gift' }, { replace: true });
}

/** Links that are pasted into the address of a tab that is open already load nothing anew. */
function followPastedLinks(slug: string, router: Router): void {
  window.addEventListener('hashchange', () => {
    // A sign-in begins with the page.
    if (hasLoginCode(location.hash)) {
      location.reload();
      return;
    }
    const gift = takeGiftLink(window);
    if (!gift) return;
    receiveGift(slug, gift);
    router.go({ name: 'gift' }, { replace: true });
  });
}

const container = document.getElementById('root');
if (container) void start(container);
