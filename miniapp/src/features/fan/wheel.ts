/** The arc that the face-down cards lie on, moved by finger, wheel or keyboard. Only transforms are written. */
export interface WheelOptions {
  stage: HTMLElement;
  cards: readonly HTMLElement[];
  card: { width: number; height: number };
  reducedMotion: boolean;
  /** The card in the middle has changed. */
  onCentre?: (index: number) => void;
}

const RADIUS = 560;
/** Angle between neighbours, in radians. */
const STEP = 0.061;
const FRICTION = 0.0032;
const SLOWEST = 0.00002;
const DRAG_SLOP = 7;

export class Wheel {
  /** Index of the card in the middle, with fractions. */
  private position: number;
  private speed = 0;
  private target: number | null = null;
  private frame = 0;
  private lastTime = 0;
  private opening: number;
  private centre = -1;
  private shown = new Set<number>();
  private drag: { x: number; position: number; time: number; moved: boolean; id: number } | null = null;
  private readonly clean: (() => void)[] = [];
  /** True right after a drag, so that lifting the finger picks nothing. */
  dragged = false;

  constructor(private readonly options: WheelOptions) {
    this.position = (options.cards.length - 1) / 2;
    this.opening = options.reducedMotion ? 1 : 0;
    const { stage } = options;
    this.listen(stage, 'pointerdown', this.onDown);
    this.listen(stage, 'pointermove', this.onMove);
    this.listen(stage, 'pointerup', this.onUp);
    this.listen(stage, 'pointercancel', this.onUp);
    this.listen(stage, 'wheel', this.onWheel, { passive: false });
    for (const card of options.cards) card.style.visibility = 'hidden';
    this.run();
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    for (const undo of this.clean) undo();
  }

  /** Brings a card to the middle. */
  show(index: number): void {
    this.speed = 0;
    this.target = this.clamp(index);
    this.run();
  }

  refresh(): void {
    this.run();
  }

  private listen<K extends keyof HTMLElementEventMap>(
    element: HTMLElement,
    name: K,
    handler: (event: HTMLElementEventMap[K]) => void,
    options?: AddEventListenerOptions,
  ): void {
    element.addEventListener(name, handler, options);
    this.clean.push(() => element.removeEventListener(name, handler, options));
  }

  private clamp(position: number): number {
    return Math.min(this.options.cards.length - 1, Math.max(0, position));
  }

  private readonly onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.target = null;
    this.speed = 0;
    this.dragged = false;
    this.drag = { x: event.clientX, position: this.position, time: event.timeStamp, moved: false, id: event.pointerId };
  };

  private readonly onMove = (event: PointerEvent): void => {
    const { drag } = this;
    if (!drag || drag.id !== event.pointerId) return;
    const dx = event.clientX - drag.x;
    if (!drag.moved && Math.abs(dx) < DRAG_SLOP) return;
    if (!drag.moved) this.options.stage.setPointerCapture(event.pointerId);
    drag.moved = true;
    this.dragged = true;
    const next = this.soften(drag.position - dx / RADIUS / STEP);
    const elapsed = Math.max(1, event.timeStamp - drag.time);
    this.speed = 0.7 * ((next - this.position) / elapsed) + 0.3 * this.speed;
    drag.time = event.timeStamp;
    this.position = next;
    this.run();
  };

  private readonly onUp = (event: PointerEvent): void => {
    if (!this.drag || this.drag.id !== event.pointerId) return;
    // A finger that rested before it was lifted throws nothing.
    if (event.timeStamp - this.drag.time > 60) this.speed = 0;
    this.drag = null;
    if (this.position !== this.clamp(this.position)) this.target = this.clamp(this.position);
    this.run();
  };

  private readonly onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const distance = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY;
    this.target = null;
    this.position = this.clamp(this.position + distance * 0.018);
    this.run();
  };

  /** Beyond the ends the fan gives way less and less. */
  private soften(position: number): number {
    const inside = this.clamp(position);
    return inside + (position - inside) * 0.35;
  }

  private run(): void {
    if (this.frame !== 0) return;
    this.lastTime = 0;
    this.frame = requestAnimationFrame(this.tick);
  }

  private readonly tick = (time: number): void => {
    const elapsed = this.lastTime === 0 ? 16 : Math.min(40, time - this.lastTime);
    this.lastTime = time;
    const moving = this.advance(elapsed);
    this.paint();
    this.frame = moving ? requestAnimationFrame(this.tick) : 0;
  };

  /** One step of the movement; false when everything rests. */
  private advance(elapsed: number): boolean {
    let moving = false;
    if (this.opening < 1) {
      this.opening = Math.min(1, this.opening + elapsed / 850);
      moving = true;
    }
    if (this.target !== null) {
      const rest = this.target - this.position;
      this.position += this.options.reducedMotion ? rest : rest * (1 - Math.exp(-elapsed / 110));
      if (Math.abs(this.target - this.position) < 0.005) this.target = null;
      moving = true;
    } else if (!this.drag && Math.abs(this.speed) > SLOWEST) {
      this.position += this.speed * elapsed;
      this.speed *= Math.exp(-FRICTION * elapsed);
      if (this.position !== this.clamp(this.position)) {
        this.speed = 0;
        this.target = this.clamp(this.position);
      }
      moving = true;
    }
    return moving;
  }

  private paint(): void {
    const { stage, cards, card } = this.options;
    const half = stage.clientWidth / 2;
    const ease = 1 - (1 - this.opening) ** 3;
    const reach = Math.ceil((half + card.height * 0.6) / (RADIUS * STEP)) + 1;
    const first = Math.max(0, Math.floor(this.position) - reach);
    const last = Math.min(cards.length - 1, Math.ceil(this.position) + reach);
    const shown = new Set<number>();
    for (let index = first; index <= last; index += 1) {
      const angle = (index - this.position) * STEP * ease;
      const x = half + RADIUS * Math.sin(angle) - card.width / 2;
      const y = RADIUS * (1 - Math.cos(angle)) + (1 - ease) * 60;
      const element = cards[index];
      if (!element) continue;
      element.style.transform = `translate3d(${x.toFixed(2)}px, ${y.toFixed(2)}px, 0) rotate(${angle.toFixed(4)}rad)`;
      if (!this.shown.has(index)) element.style.visibility = '';
      shown.add(index);
    }
    for (const index of this.shown) {
      const element = cards[index];
      if (element && !shown.has(index)) element.style.visibility = 'hidden';
    }
    this.shown = shown;
    const centre = Math.round(this.clamp(this.position));
    if (centre !== this.centre) {
      this.centre = centre;
      this.options.onCentre?.(centre);
    }
  }
}
