/* The product editor around our kinds: only the fields of the chosen kind are shown, checked and sent. */
(function ($) {
    'use strict';

    const { types, tab, trashLive, isProject } = window.arcanaProduct;

    function applyType() {
        const type = $('#product-type').val();
        document.body.classList.toggle('arcana-editor', types.includes(type));
        $('.arcana-panel').each(function () {
            // Disabled inputs are neither validated by ACF nor sent.
            const isOther = this.dataset.arcanaType !== type;
            $(this).find(':input').not('template :input').each(function () {
                if (isOther && !this.disabled) {
                    this.disabled = true;
                    this.dataset.arcanaOff = '1';
                } else if (!isOther && this.dataset.arcanaOff) {
                    this.disabled = false;
                    delete this.dataset.arcanaOff;
                }
            });
        });
        // ACF lays out editors and pickers once they are visible.
        if (window.acf) {
            window.acf.doAction('refresh');
        }
    }

    $(function () {
        $('.options_group.pricing').addClass('show_if_arcana_package');
        $('#product-type').on('change', applyType);
        // WooCommerce has shown and hidden its panels before the class above was there.
        if (types.includes($('#product-type').val())) {
            $('#product-type').trigger('change');
        } else {
            applyType();
        }
        // ACF fetches the choices of a relation once it comes into view; a tab opens without any scrolling.
        $('.product_data_tabs').on('click', 'a', () => window.setTimeout(() => $(window).trigger('scroll'), 0));
        const kind = String($('#product-type').val()).replace(/^arcana_/, '');
        if (types.includes('arcana_' + kind)) {
            $('.page-title-action').first().attr('href', (index, href) => href + '&arcana_kind=' + kind);
        }
        if (tab) {
            $('.product_data_tabs li.arcana_tab_' + tab + ' a').trigger('click');
        }
        if (isProject) {
            $('#delete-action a').on('click', (event) => {
                if (!window.confirm(trashLive)) {
                    event.preventDefault();
                }
            });
        }
    });
})(jQuery);
