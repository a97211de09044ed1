"""What everybody needs of a screen: names for what can be used, readable text, something to touch."""

from playwright.sync_api import Page

CHECK = r"""
async () => {
  // Opacity on its way would be measured halfway.
  const moving = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime !== Infinity);
  await Promise.all(moving.map((one) => one.finished.catch(() => undefined)));
  const problems = [];
  const visible = (element) => {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return box.width > 1 && box.height > 1 && style.visibility !== 'hidden' && Number(style.opacity) > 0.1;
  };
  const describe = (element) => `${element.tagName.toLowerCase()} "${(element.textContent || '').trim().slice(0, 40)}"`;
  const nameOf = (element) =>
    (element.getAttribute('aria-label') || element.textContent || '').trim() ||
    (element.labels && [...element.labels].map((label) => label.textContent).join(' ').trim());

  for (const element of document.querySelectorAll('button, a[href], input, textarea, select, [role=group]')) {
    if (!visible(element) && !element.matches('input')) continue;
    if (element.matches('fieldset, [type=hidden]')) continue;
    if (!nameOf(element)) problems.push(`no name: ${element.outerHTML.slice(0, 120)}`);
  }
  for (const image of document.querySelectorAll('img')) {
    if (!image.hasAttribute('alt')) problems.push(`no alt: ${image.src}`);
  }
  for (const control of document.querySelectorAll('button, a[href], label:has(input)')) {
    const box = control.getBoundingClientRect();
    if (visible(control) && (box.width < 24 || box.height < 24)) {
      problems.push(`too small to touch (${box.width.toFixed(0)} x ${box.height.toFixed(0)}): ${describe(control)}`);
    }
  }
  if (document.querySelectorAll('main').length !== 1) problems.push('not exactly one main');
  if (!document.documentElement.lang) problems.push('no language');
  if (document.documentElement.scrollWidth > window.innerWidth) problems.push('wider than the screen');

  const channels = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const over = (top, bottom) => {
    const alpha = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map((i) => top[i] * alpha + bottom[i] * (1 - alpha));
  };
  const groundOf = (element) => {
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
      const style = getComputedStyle(node);
      if (style.backgroundImage.includes('gradient') || style.backgroundImage.includes('url')) return null;
      const colour = channels(style.backgroundColor);
      if (colour.length === 3 || colour[3] > 0) layers.push(colour);
      if (colour.length === 3) break;
    }
    return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255]);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    const unread = '[disabled], .visually-hidden, [aria-hidden=true], script, style';
    if (!text || !visible(element) || element.closest(unread)) continue;
    const ground = groundOf(element);
    if (!ground) continue;
    const style = getComputedStyle(element);
    const ink = over(channels(style.color), ground);
    const [low, high] = [luminance(ink), luminance(ground)].sort((a, b) => a - b);
    const contrast = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (contrast < least) problems.push(`contrast ${contrast.toFixed(2)}: ${describe(element)}`);
  }
  return problems;
}
"""


def check_accessibility(page: Page) -> list[str]:
    """What is wrong with the screen, in words; empty when all is well. WCAG 2.2: 1.1.1, 1.4.3, 1.4.10, 2.5.8, 4.1.2."""
    problems: list[str] = page.evaluate(CHECK)
    return problems
