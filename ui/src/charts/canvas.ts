/** What every drawing on a canvas begins with. */

/** An empty canvas of so many CSS pixels, sharp on this screen; null where there is no drawing. */
export function fresh(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext("2d");
  context?.scale(scale, scale);
  return context;
}

/** What a CSS colour comes to on this element, in this theme: a canvas knows no variables. */
export function concrete(element: HTMLElement, color: string): string {
  element.style.color = color;
  return getComputedStyle(element).color;
}
