/* The positions of a spread: rows, their order, and a table on which the cards are dragged. */
(function () {
    'use strict';

    const STEP = 2.5;

    class PositionsEditor {
        constructor(root) {
            this.root = root;
            this.table = root.querySelector('.arcana-table');
            this.rows = root.querySelector('.arcana-rows');
            this.template = root.querySelector('template');
            this.addButton = root.querySelector('.arcana-add');
            this.limit = Number(root.dataset.limit);
            this.next = this.rows.children.length;
            this.addButton.addEventListener('click', () => this.add());
            this.rows.addEventListener('click', (event) => this.onButton(event));
            this.rows.addEventListener('input', () => this.draw());
            this.rows.addEventListener('focusin', (event) => this.highlight(event.target.closest('.arcana-row')));
            this.makeSortable();
            this.draw();
        }

        list() {
            return [...this.rows.querySelectorAll(':scope > .arcana-row')];
        }

        add() {
            const holder = document.createElement('ol');
            holder.innerHTML = this.template.innerHTML.replaceAll('__index__', String(this.next++));
            const row = holder.firstElementChild;
            const place = this.freePlace();
            row.querySelector('.arcana-x').value = place.x;
            row.querySelector('.arcana-y').value = place.y;
            this.rows.append(row);
            this.draw();
            row.querySelector('.arcana-name').focus();
        }

        /* The first place on a coarse grid on which no card lies yet. */
        freePlace() {
            const taken = this.list().map((row) => this.read(row));
            for (const y of [50, 20, 80]) {
                for (const x of [50, 30, 70, 10, 90]) {
                    if (!taken.some((card) => Math.abs(card.x - x) < 12 && Math.abs(card.y - y) < 18)) {
                        return { x, y };
                    }
                }
            }
            return { x: 50, y: 50 };
        }

        onButton(event) {
            const button = event.target.closest('button');
            const row = event.target.closest('.arcana-row');
            if (!button || !row) {
                return;
            }
            if (button.classList.contains('arcana-remove')) {
                row.remove();
                this.addButton.focus();
            } else if (button.classList.contains('arcana-up') && row.previousElementSibling) {
                row.previousElementSibling.before(row);
                button.focus();
            } else if (button.classList.contains('arcana-down') && row.nextElementSibling) {
                row.nextElementSibling.after(row);
                button.focus();
            }
            this.draw();
        }

        makeSortable() {
            let moved = null;
            this.rows.addEventListener('pointerdown', (event) => {
                const row = event.target.closest('.arcana-handle') && event.target.closest('.arcana-row');
                if (!row) {
                    return;
                }
                event.preventDefault();
                moved = row;
                moved.classList.add('arcana-moved');
                this.rows.setPointerCapture(event.pointerId);
            });
            this.rows.addEventListener('pointermove', (event) => {
                if (!moved) {
                    return;
                }
                const below = this.list().find((row) => {
                    const box = row.getBoundingClientRect();
                    return row !== moved && event.clientY < box.top + box.height / 2;
                });
                if (below !== moved.nextElementSibling) {
                    this.rows.insertBefore(moved, below ?? null);
                    this.draw();
                }
            });
            const drop = () => {
                moved?.classList.remove('arcana-moved');
                moved = null;
            };
            this.rows.addEventListener('pointerup', drop);
            this.rows.addEventListener('pointercancel', drop);
        }

        read(row) {
            const clamp = (value) => Math.min(100, Math.max(0, Number(value) || 0));
            const names = [...row.querySelectorAll('.arcana-name')].map((input) => input.value.trim());
            return {
                x: clamp(row.querySelector('.arcana-x').value),
                y: clamp(row.querySelector('.arcana-y').value),
                isCrosswise: row.querySelector('.arcana-rotation').checked,
                name: names.find((name) => name !== '') ?? '',
            };
        }

        draw() {
            const rows = this.list();
            this.root.classList.toggle('arcana-is-empty', rows.length === 0);
            this.addButton.disabled = rows.length >= this.limit;
            this.table.replaceChildren(...rows.map((row, index) => {
                const card = this.read(row);
                row.querySelector('.arcana-number').textContent = String(index + 1);
                const figure = document.createElement('div');
                figure.className = 'arcana-figure' + (card.isCrosswise ? ' arcana-crosswise' : '');
                figure.style.left = card.x + '%';
                figure.style.top = card.y + '%';
                figure.title = card.name;
                figure.innerHTML = '<b></b><span></span>';
                figure.firstChild.textContent = String(index + 1);
                figure.lastChild.textContent = card.name;
                figure.addEventListener('pointerdown', (event) => this.drag(event, row, figure));
                return figure;
            }));
        }

        drag(event, row, figure) {
            event.preventDefault();
            figure.setPointerCapture(event.pointerId);
            this.highlight(row);
            const box = this.table.getBoundingClientRect();
            const snap = (value, isFree) => {
                const percent = Math.min(100, Math.max(0, value));
                return Math.round((isFree ? percent : Math.round(percent / STEP) * STEP) * 10) / 10;
            };
            const move = (at) => {
                const x = snap(((at.clientX - box.left) / box.width) * 100, at.shiftKey);
                const y = snap(((at.clientY - box.top) / box.height) * 100, at.shiftKey);
                row.querySelector('.arcana-x').value = x;
                row.querySelector('.arcana-y').value = y;
                figure.style.left = x + '%';
                figure.style.top = y + '%';
            };
            const stop = () => {
                figure.removeEventListener('pointermove', move);
                row.querySelector('.arcana-x').dispatchEvent(new Event('change', { bubbles: true }));
                this.draw();
                this.highlight(row);
            };
            figure.addEventListener('pointermove', move);
            figure.addEventListener('pointerup', stop, { once: true });
            figure.addEventListener('pointercancel', stop, { once: true });
        }

        highlight(row) {
            const rows = this.list();
            rows.forEach((one) => one.classList.toggle('arcana-current', one === row));
            [...this.table.children].forEach((figure, index) => figure.classList.toggle('arcana-current', rows[index] === row));
        }
    }

    document.querySelectorAll('.arcana-positions').forEach((root) => new PositionsEditor(root));
})();
