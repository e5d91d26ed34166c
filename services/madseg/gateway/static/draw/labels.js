// @ts-check
/**
 * A label map as a layer on the screen: for each pixel of the screen the colour of the label that lies under it.
 *
 * That costs what the screen has, not what the picture has: a fill of 12 megapixels is painted as fast as a small one,
 * and no second copy of the picture is held.
 */

/** @typedef {import("/static/draw/mask.js").Rect} Rect */
/** @typedef {import("/static/draw/camera.js").Camera} Camera */

export class Labels {
  /** Distance in pixels of the picture at which another label makes an outline; 0: areas are filled. */
  outline = 0;

  /** @param {{pixels: Uint8Array, width: number, height: number}} source @param {Uint32Array} colours of labels, A B G R */
  constructor(source, colours) {
    this.source = source;
    this.colours = colours;
  }

  /** Paints a part of the picture onto a canvas that has `ratio` pixels to a CSS pixel. @param {CanvasRenderingContext2D} context @param {Camera} camera @param {number} ratio @param {Rect} part */
  paint(context, camera, ratio, part) {
    const [left, columns] = under(part.left, part.right, camera.x, camera.scale, ratio, context.canvas.width);
    const [top, rows] = under(part.top, part.bottom, camera.y, camera.scale, ratio, context.canvas.height);
    if (!columns.length || !rows.length) return;
    const image = new ImageData(columns.length, rows.length);
    const target = new Uint32Array(image.data.buffer);
    for (let row = 0; row < rows.length; row += 1) {
      const to = row * columns.length;
      if (row > 0 && rows[row] === rows[row - 1]) target.copyWithin(to, to - columns.length, to);
      else if (this.outline) this.#lines(target, to, rows[row], columns);
      else this.#areas(target, to, rows[row], columns);
    }
    context.putImageData(image, left, top);
  }

  /** @param {Uint32Array} target @param {number} to @param {number} y @param {Int32Array} columns */
  #areas(target, to, y, columns) {
    const { source, colours } = this;
    const { pixels } = source;
    const row = y * source.width;
    for (let column = 0; column < columns.length; column += 1) target[to + column] = colours[pixels[row + columns[column]]];
  }

  /** The inner borders of areas. @param {Uint32Array} target @param {number} to @param {number} y @param {Int32Array} columns */
  #lines(target, to, y, columns) {
    const { pixels, width, height } = this.source;
    const reach = this.outline;
    const [above, below] = [y >= reach ? reach * width : 0, y + reach < height ? reach * width : 0];
    for (let column = 0; column < columns.length; column += 1) {
      const x = columns[column];
      const at = y * width + x;
      const label = pixels[at];
      const inside =
        pixels[at - above] === label &&
        pixels[at + below] === label &&
        (x < reach || pixels[at - reach] === label) &&
        (x + reach >= width || pixels[at + reach] === label);
      if (!inside) target[to + column] = this.colours[label];
    }
  }
}

/**
 * The pixels of the screen whose middle lies on [from, to) of the picture: the first, and for each what lies under it.
 * @param {number} from @param {number} to @param {number} shift of the picture @param {number} scale @param {number} ratio @param {number} size of the canvas
 * @returns {[number, Int32Array]}
 */
function under(from, to, shift, scale, ratio, size) {
  const first = Math.max(0, Math.ceil((shift + from * scale) * ratio - 0.5));
  const end = Math.min(size, Math.ceil((shift + to * scale) * ratio - 0.5));
  const places = new Int32Array(Math.max(0, end - first));
  for (let i = 0; i < places.length; i += 1) {
    const place = Math.floor(((first + i + 0.5) / ratio - shift) / scale);
    places[i] = Math.min(Math.max(place, from), to - 1);
  }
  return [first, places];
}

/** @param {Rect} box @param {number} by */
export function grown(box, by) {
  return { left: box.left - by, top: box.top - by, right: box.right + by, bottom: box.bottom + by };
}

/** @param {Rect} one @param {Rect} other */
export function shared(one, other) {
  return {
    left: Math.max(one.left, other.left),
    top: Math.max(one.top, other.top),
    right: Math.min(one.right, other.right),
    bottom: Math.min(one.bottom, other.bottom),
  };
}
